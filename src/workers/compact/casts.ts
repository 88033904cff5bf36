import { parseType } from '../../shared/schema/typeText.js';

/** How to turn a value into its column's type. */
export interface CastOptions {
  /** The type it is read as; undefined: text of a CSV or JSON file. */
  readonly from?: string;
  readonly to: string;
  /** CSV writes a missing number as an empty field. */
  readonly isEmptyNull: boolean;
  /** A value that does not fit whole: an error of the statement, or NULL (to find the place). */
  readonly misfit: 'error' | 'null';
  /** The type is a guess of this batch: leading zeros tell that it is wrong. */
  readonly isGuess: boolean;
}

const INTEGERS = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
/** A DOUBLE holds this many digits. */
const EXACT_DIGITS = 15;
const FLOATS = /^(FLOAT|DOUBLE)$/;

/**
 * An SQL expression for the value, never less than the value: DuckDB's own casts round 1.5 to 2, drop the time of a
 * date and the offset of a timestamp without a word, so each such cast is checked.
 */
export function castSql(value: string, { from, to, isEmptyNull, misfit, isGuess }: CastOptions): string {
  if (from !== undefined) return typedCastSql(value, from, to);
  if (to === 'VARCHAR') return value;
  const text = isEmptyNull ? `nullif(${value}, '')` : value;
  const { cast, bad } =
    misfit === 'error' ? { cast: 'CAST', bad: "error('misfit')" } : { cast: 'TRY_CAST', bad: 'NULL' };
  const as = (type: string) => `${cast}(${text} AS ${type})`;
  const checked = (test: string) => `CASE WHEN ${text} IS NULL THEN NULL WHEN ${test} THEN ${as(to)} ELSE ${bad} END`;
  const type = parseType(to);
  if (type.kind === 'decimal') {
    const { precision, scale } = type;
    const asDouble = `${as(to)} = ${as('DOUBLE')}`;
    if (precision <= EXACT_DIGITS) return checked(asDouble);
    const rounds = `regexp_matches(${text}, '\\.\\d{${scale}}\\d*[1-9]')`;
    return checked(`CASE WHEN regexp_matches(${text}, '[eE]') THEN ${asDouble} ELSE NOT ${rounds} END`);
  }
  const zeros = isGuess ? ` AND (strlen(${text}) = 1 OR NOT starts_with(${text}, '0'))` : '';
  if (INTEGERS.test(to)) return checked(`${as(to)} = ${as('DOUBLE')}${zeros}`);
  if (to === 'DATE') return checked(`strlen(${text}) <= 10 OR ${as('TIMESTAMP')} = ${as('DATE')}`);
  if (to === 'TIMESTAMP') return checked(timestampTest(text, as));
  if (to === 'TIMESTAMP WITH TIME ZONE') return checked(`strlen(${text}) <= 26 OR NOT ${hasNanos(text)}`);
  return as(to);
}

/** No offset but zero, and no more than microseconds. The short forms that have neither are let through first. */
function timestampTest(text: string, as: (type: string) => string): string {
  const plain = `strlen(${text}) <= 26 AND NOT contains(${text}, '+') AND NOT contains(substr(${text}, 11), '-')`;
  return `(${plain}) OR (${as('TIMESTAMP')} = ${as('TIMESTAMPTZ')} AT TIME ZONE 'UTC' AND NOT ${hasNanos(text)})`;
}

function hasNanos(text: string): string {
  return `regexp_matches(${text}, '\\.\\d{6}\\d*[1-9]')`;
}

function typedCastSql(value: string, from: string, to: string): string {
  if (from === to) return value;
  const cast = `CAST(${value} AS ${to})`;
  const back =
    INTEGERS.test(from) && FLOATS.test(to) ? 'HUGEINT' : from === 'TIMESTAMP_NS' && to === 'TIMESTAMP' ? from : '';
  if (back === '') return cast;
  return `CASE WHEN ${value} IS NULL OR CAST(${cast} AS ${back}) = ${value} THEN ${cast} ELSE error('misfit') END`;
}
