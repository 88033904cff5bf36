import { parseType } from '../../shared/schema/typeText.js';

/** How to turn text of a CSV or JSON file into its column's type. */
export interface CastOptions {
  readonly to: string;
  /** CSV writes a missing number as an empty field. */
  readonly isEmptyNull: boolean;
  /** A value that does not fit whole: an error of the statement, or NULL (to find the place). */
  readonly misfit: 'error' | 'null';
  /** The type is a guess of this batch: leading zeros tell that it is wrong. */
  readonly isGuess: boolean;
  /** Fractions come by way of a DOUBLE, as the reader of JSON gives them: long ones may have lost digits. */
  readonly isBinary?: boolean;
  /** With isBinary, an SQL condition: the value was written as a string, which loses nothing. */
  readonly isString?: string;
}

/** Whole numbers of the engine. */
export const INTEGERS = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
/** A DOUBLE holds this many digits. */
const EXACT_DIGITS = 15;
/** It takes at most so many to tell it from all others: a text of more says more than it holds. A guess of such a type was wrong. */
export const MOST_DIGITS = 17;
const FLOATS = /^(FLOAT|DOUBLE)$/;

/**
 * An SQL expression for the value, never less than the value: DuckDB's own casts round 1.5 to 2, drop the time of a
 * date and the offset of a timestamp without a word, so each such cast is checked.
 */
export function castSql(
  value: string,
  { to, isEmptyNull, misfit, isGuess, isBinary = false, isString = 'false' }: CastOptions,
): string {
  if (to === 'VARCHAR') return value;
  const text = isEmptyNull ? `nullif(${value}, '')` : value;
  const { cast, bad } =
    misfit === 'error' ? { cast: 'CAST', bad: "error('misfit')" } : { cast: 'TRY_CAST', bad: 'NULL' };
  const as = (type: string) => `${cast}(${text} AS ${type})`;
  const easy = easyTest(text, to, as, isGuess);
  const checked = (test: string) =>
    `CASE ${easy === undefined ? '' : `WHEN ${easy} THEN ${as(to)} `}WHEN ${text} IS NULL THEN NULL WHEN ${test} THEN ${as(to)} ELSE ${bad} END`;
  const type = parseType(to);
  if (type.kind === 'decimal') return checked(decimalTest(text, { ...type, isBinary, isString }, as));
  const zeros = isGuess ? ` AND (strlen(${text}) = 1 OR NOT starts_with(${text}, '0'))` : '';
  if (INTEGERS.test(to)) return checked(`${integerTest(text, isBinary)} AND ${as(to)} = ${as('DOUBLE')}${zeros}`);
  const digits = isGuess ? ` AND strlen(${digitsOf(text)}) <= ${MOST_DIGITS}` : '';
  if (FLOATS.test(to)) return checked(`${floatTest(text, as(to), to === 'FLOAT' ? 7 : EXACT_DIGITS)}${digits}`);
  if (to === 'DATE')
    return checked(`NOT ${isEpoch(text)} AND (strlen(${text}) <= 10 OR ${as('TIMESTAMP')} = ${as('DATE')})`);
  if (to === 'TIME' || to === 'TIME WITH TIME ZONE') return checked(`NOT ${hasMore(text)}`);
  const places = FRACTIONS[to];
  if (places !== undefined) return checked(`NOT ${isEpoch(text)} AND (${timestampTest(text, as, places)})`);
  if (to === 'TIMESTAMP WITH TIME ZONE') return checked(`NOT ${isEpoch(text)} AND NOT ${hasMore(text)}`);
  // Parquet keeps the milliseconds of an interval.
  if (to === 'INTERVAL') return checked(`NOT ${hasMore(text, 3)}`);
  return as(to);
}

/**
 * True for most values that fit, at a fraction of the cost of the whole test; undefined where there is no such test.
 * Whole numbers: the number is written in as many characters, so nothing but it was there. Fractions: no zero, and so small
 * that whole numbers are exact. Moments: written out, with at most six digits behind the seconds and no offset but of their zone.
 */
function easyTest(text: string, to: string, as: (type: string) => string, isGuess: boolean): string | undefined {
  const length = `strlen(${text})`;
  // The point, or what else may follow seconds of two digits, in its place: so the length tells how many digits there are.
  const isWritten = `(substr(${text}, 20, 1) = '.' OR (substr(${text}, 17, 1) = ':' AND substr(${text}, 20, 1) IN ('', 'Z', '+', '-')))`;
  if (INTEGERS.test(to)) return `strlen(CAST(${as(to)} AS VARCHAR)) = ${length}`;
  const isShort = isGuess ? `${length} <= ${MOST_DIGITS} AND ` : '';
  if (to === 'DOUBLE') return `${isShort}abs(${as(to)}) BETWEEN 1e-300 AND 9007199254740991`;
  if (to === 'FLOAT') return `abs(${as(to)}) BETWEEN 1e-37 AND 16777215`;
  if (to === 'DATE') return `CAST(${as(to)} AS VARCHAR) = ${text}`;
  if (to === 'TIMESTAMP')
    return `${isWritten} AND ${length} <= 26 AND NOT contains(${text}, '+') AND NOT contains(substr(${text}, 18), '-')`;
  if (to === 'TIMESTAMP WITH TIME ZONE') return `${isWritten} AND (${length} <= 26 OR substr(${text}, 27, 1) < '0')`;
  return undefined;
}

/**
 * 16 or 17 digits, or a long whole number with a point, are what a DOUBLE looks like that was rounded. Fewer digits are
 * what was written; more can only have been a string.
 */
function isRounded(text: string): string {
  const looks = `strlen(${digitsOf(text)}) IN (16, 17) OR regexp_full_match(${text}, '-?[0-9]{16,}[.]0')`;
  return `(strlen(${text}) > ${EXACT_DIGITS} AND regexp_matches(${text}, '[.eE]') AND (${looks}))`;
}

/** The digits that count. */
export function digitsOf(text: string): string {
  return `ltrim(regexp_replace(${text}, '[eE].*|[^0-9]', '', 'g'), '0')`;
}

function decimalTest(
  text: string,
  { precision, scale, isBinary, isString }: { precision: number; scale: number; isBinary: boolean; isString: string },
  as: (type: string) => string,
): string {
  const asDouble = `${as(`DECIMAL(${precision},${scale})`)} = ${as('DOUBLE')}`;
  const rounds = `regexp_matches(${text}, '\\.\\d{${scale}}\\d*[1-9]')`;
  const isShort = `strlen(${text}) <= ${EXACT_DIGITS}`;
  const test = `CASE WHEN ${isShort} OR regexp_matches(${text}, '[eE]') THEN ${asDouble} AND ${isShort} ELSE NOT ${rounds} END`;
  return isBinary ? `${test} AND (${isString} OR NOT ${isRounded(text)})` : test;
}

/** A fraction or exponent in few digits is compared as a DOUBLE; in more it must be all zeros. */
function integerTest(text: string, isBinary: boolean): string {
  const hasFraction = `regexp_matches(${text}, '[eE]|[.].*[1-9]')${isBinary ? ` OR ${isRounded(text)}` : ''}`;
  return `(strlen(${text}) <= ${EXACT_DIGITS} OR NOT (${hasFraction}))`;
}

/** Fractions are rounded to what the type holds, as they must be; whole numbers are kept whole, and none becomes infinite or zero. */
function floatTest(text: string, value: string, digits: number): string {
  const isWhole = `regexp_full_match(${text}, '\\s*[+-]?[0-9]+([.]0*)?\\s*')`;
  // Either the value itself, or the shortest text of it: what most writers of floats write.
  const isKept = `TRY_CAST(split_part(${text}, '.', 1) AS HUGEINT) IN (TRY_CAST(${value} AS HUGEINT), TRY_CAST(CAST(${value} AS VARCHAR) AS HUGEINT))`;
  return `(isfinite(${value}) OR NOT regexp_matches(${text}, '[0-9]'))
    AND (${value} <> 0 OR NOT regexp_matches(${text}, '^[^eE]*[1-9]'))
    AND (strlen(${text}) <= ${digits} OR NOT ${isWhole} OR coalesce(${isKept}, false))`;
}

/** DuckDB takes this word for 1970. */
function isEpoch(text: string): string {
  return `(${text} ILIKE '%epoch%')`;
}

/** Digits behind the seconds that moments without a zone hold. */
const FRACTIONS: Readonly<Record<string, number>> = { TIMESTAMP: 6, TIMESTAMP_S: 0, TIMESTAMP_MS: 3, TIMESTAMP_NS: 9 };

/** No offset but zero, and no more digits than the type holds. The short forms that have neither are let through first. */
function timestampTest(text: string, as: (type: string) => string, places: number): string {
  const plain = `strlen(${text}) <= ${places === 9 ? 29 : 26} AND NOT contains(${text}, '+') AND NOT contains(substr(${text}, 11), '-')`;
  return `((${plain}) OR ${as('TIMESTAMP')} = ${as('TIMESTAMPTZ')} AT TIME ZONE 'UTC') AND NOT ${hasMore(text, places)}`;
}

/** Whether digits other than zeros stand behind so many of a fraction. */
function hasMore(text: string, places = 6): string {
  return `(strlen(${text}) > ${places + 2} AND regexp_matches(${text}, '\\.\\d{${places}}\\d*[1-9]'))`;
}

/** A value that a Parquet file has as `from`, whole: what a float, or a moment of microseconds, does not hold is a misfit. */
export function typedCastSql(
  value: string,
  { from, to, misfit }: { readonly from: string; readonly to: string; readonly misfit: 'error' | 'null' },
): string {
  if (from === to) return value;
  const cast = `${misfit === 'error' ? 'CAST' : 'TRY_CAST'}(${value} AS ${to})`;
  const back =
    INTEGERS.test(from) && FLOATS.test(to) ? 'HUGEINT' : from === 'TIMESTAMP_NS' && to === 'TIMESTAMP' ? from : '';
  if (back === '') return cast;
  const bad = misfit === 'error' ? "error('misfit')" : 'NULL';
  return `CASE WHEN ${value} IS NULL OR CAST(${cast} AS ${back}) = ${value} THEN ${cast} ELSE ${bad} END`;
}
