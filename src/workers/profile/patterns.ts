import { FORMATS, type FormatName } from '../../shared/findings/reports.js';
import { quoteText } from '../../shared/schema/columns.js';

/** At most this many distinct values are looked at for their patterns. */
export const PATTERN_VALUES = 2_000;

/** A value's pattern: letters become a or A, digits 9; of its first 60 characters. */
function masked(value: string): string {
  return `translate(left(${value}, 60), 'bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ012345678', '${'a'.repeat(25)}${'A'.repeat(25)}${'9'.repeat(9)}')`;
}

/** What a text `t` must be to have a format, as far as that is told at little cost: few texts are left to be matched. Only `:` and what comes after it begins no number. */
const LIKELY: Readonly<Record<FormatName, string>> = {
  integer: "t < ':'",
  number: "t < ':'",
  date: "t < ':' AND strlen(t) = 10",
  timestamp: "t < ':' AND strlen(t) >= 16",
  uuid: 'strlen(t) = 36',
  email: "contains(t, '@')",
  ipv4: "t < ':' AND strlen(t) <= 15",
  url: "contains(t, '://')",
};

/** The narrowest first: every integer is a number. */
export const FORMAT_NAMES: readonly FormatName[] = [
  'integer',
  'number',
  'date',
  'timestamp',
  'uuid',
  'email',
  'ipv4',
  'url',
];

/** A struct with the five most frequent patterns of a table of values `v` and their rows `n`, and the rows that have each format. */
export function patternsSql(groups: string): string {
  const formats = FORMAT_NAMES.map(
    (name) =>
      `'${name}': sum(CASE WHEN ${LIKELY[name]} AND regexp_full_match(t, ${quoteText(FORMATS[name])}) THEN n END)`,
  );
  const looked = `(SELECT v::VARCHAR AS t, n FROM ${groups} LIMIT ${PATTERN_VALUES})`;
  return `(SELECT {'values': count(*), 'rows': sum(n), 'formats': {${formats.join(', ')}},
    'top': (SELECT list({'pattern': p, 'rows': c} ORDER BY c DESC, p) FROM (SELECT ${masked('t')} AS p, sum(n) AS c FROM ${looked} GROUP BY 1 ORDER BY c DESC, p LIMIT 5))} FROM ${looked})`;
}
