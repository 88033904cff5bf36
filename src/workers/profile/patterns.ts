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

/** Values `v` and their rows `n` of one column, as something that may stand after FROM. */
export interface LookedAt {
  readonly at: number;
  readonly from: string;
}

/**
 * CTEs that end in `patterns`: for each column (`at`) that has a value a struct with its five most frequent patterns and the
 * rows that have each format. All columns are grouped together: to plan a query for each of them takes longer than to run it.
 */
export function patternCtes(columns: readonly LookedAt[]): readonly string[] {
  if (columns.length === 0) return ['patterns AS (SELECT 0 AS "at", NULL AS found WHERE false)'];
  const looked = columns.map(
    ({ at, from }) => `(SELECT ${at} AS "at", v::VARCHAR AS t, n FROM ${from} LIMIT ${PATTERN_VALUES})`,
  );
  const formats = FORMAT_NAMES.map(
    (name) =>
      `'${name}': sum(CASE WHEN ${LIKELY[name]} AND regexp_full_match(t, ${quoteText(FORMATS[name])}) THEN n END)`,
  );
  return [
    `looked AS MATERIALIZED (${looked.join(' UNION ALL ')})`,
    `masks AS (SELECT "at", ${masked('t')} AS p, sum(n) AS c FROM looked GROUP BY ALL)`,
    `tops AS (SELECT "at", list_transform(min({'c': -c, 'p': p}, 5), lambda x: {'pattern': x.p, 'rows': -x.c}) AS top FROM masks GROUP BY "at")`,
    `matches AS (SELECT "at", count(*) AS "values", sum(n) AS "rows", {${formats.join(', ')}} AS formats FROM looked GROUP BY "at")`,
    `patterns AS (SELECT "at", {'values': "values", 'rows': "rows", 'formats': formats, 'top': top} AS found FROM matches JOIN tops USING ("at"))`,
  ];
}
