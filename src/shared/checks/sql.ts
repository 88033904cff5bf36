import { quoteText } from '../schema/columns.js';
import { ref } from './rules.js';
import type { Column } from '../schema/columns.js';

/** At most so many failing rows are shown for a check. */
export const SAMPLE_ROWS = 20;

/** A rule with its number among the checks. */
export interface NumberedRule {
  readonly at: number;
  /** True for a failing row, NULL for a row that is not judged. */
  readonly fails: string;
  /** The columns whose values are shown for a failing row. */
  readonly shown: readonly string[];
}
export interface NumberedColumns {
  readonly at: number;
  readonly columns: readonly string[];
}
export interface Measured {
  readonly rules: readonly NumberedRule[];
  readonly uniques: readonly NumberedColumns[];
  readonly ages: readonly { readonly at: number; readonly column: Column }[];
  readonly aggregates: readonly { readonly at: number; readonly function: string; readonly column: Column }[];
}

/** The engine's names of the figures over a column. */
const AGGREGATES: Readonly<Record<string, string>> = {
  sum: 'sum',
  avg: 'avg',
  min: 'min',
  max: 'max',
  stddev: 'stddev_samp',
};

/** One row with one field: the number that a query over `input` gives; the semicolon at its end is not a part of it. As a subquery it can only read. */
export function querySql(source: string, query: string): string {
  return `WITH input AS (SELECT * FROM ${source}) SELECT CAST(COLUMNS(*) AS DOUBLE) AS figure FROM (${query.replace(/[;\s]+$/, '')}\n) AS _q LIMIT 2`;
}

/** One row, one pass: all rows; for each rule its failing and unjudged rows; rows without a key; newest times until `latest` (ms since 1970), and how many lie beyond. */
export function measuresSql(source: string, { rules, uniques, ages, aggregates }: Measured, latest: number): string {
  const until = new Date(latest).toISOString().replace('T', ' ').replace('Z', '');
  const items = [
    ...rules.flatMap(({ at }) => [
      `count(*) FILTER (r${at}) AS failing${at}`,
      `count(*) - count(r${at}) AS skipped${at}`,
    ]),
    ...uniques.map(({ at }) => `count(*) FILTER (r${at}) AS skipped${at}`),
    ...aggregates.map(({ at, function: name }) => `${AGGREGATES[name] ?? 'max'}(r${at})::DOUBLE AS figure${at}`),
    ...ages.flatMap(({ at, column }) => {
      const end = isZoned(column) ? `TIMESTAMPTZ '${until}+00'` : `TIMESTAMP '${until}'`;
      return [
        `epoch_ms(max(r${at}) FILTER (isfinite(r${at}) AND r${at} <= ${end})) AS newest${at}`,
        `count(*) FILTER (r${at} > ${end}) AS ahead${at}`,
      ];
    }),
  ];
  const flags = [
    ...rules.map(({ at, fails }) => `(${fails}) AS r${at}`),
    ...uniques.map(({ at, columns }) => `NOT (${present(columns)}) AS r${at}`),
    ...aggregates.map(({ at, column }) => `${ref(column)} AS r${at}`),
    ...ages.map(
      ({ at, column }) => `${isZoned(column) ? ref(column) : `TRY_CAST(${ref(column)} AS TIMESTAMP)`} AS r${at}`,
    ),
  ];
  const from = flags.length === 0 ? `${source} AS _s` : `(SELECT ${flags.join(', ')} FROM ${source} AS _s)`;
  return `SELECT count(*) AS "rows"${items.map((item) => `, ${item}`).join('')} FROM ${from}`;
}

function isZoned({ type }: Column): boolean {
  return /TIME ZONE|TZ/i.test(type);
}

/** At most 20 failing rows for each rule, in the order of the source's objects where it names them. */
export function samplesSql(source: string, rules: readonly NumberedRule[], placed: boolean): string {
  return rules
    .map(
      ({ at, fails, shown }) =>
        `(SELECT ${at} AS "check", ${place(placed)}, ${value(shown)} AS "value" FROM ${source} AS _s WHERE ${fails}${placed ? ' ORDER BY _s._sluice_object, _s._sluice_row' : ''} LIMIT ${SAMPLE_ROWS})`,
    )
    .join('\nUNION ALL ');
}

/** One row: how many rows repeat an earlier row's key. Rows with a NULL in the key are not judged. */
export function duplicatesSql(source: string, columns: readonly string[]): string {
  return `SELECT coalesce(sum(n - 1), 0)::BIGINT AS failing FROM (SELECT count(*) AS n FROM ${source} AS _s WHERE ${present(columns)} GROUP BY ${keyed(columns)} HAVING count(*) > 1)`;
}

/** At most 20 keys that occur more than once, most often first, each with its first row's place. */
export function duplicateSamplesSql(source: string, columns: readonly string[], placed: boolean): string {
  const first = placed
    ? `min({'object': _s._sluice_object, 'row': _s._sluice_row}) AS place`
    : `NULL::STRUCT("object" VARCHAR, "row" BIGINT) AS place`;
  const keys = columns.map((name, at) => `${ref({ name })} AS k${at}`).join(', ');
  const aliases = columns.map((_, at) => `k${at}`).join(', ');
  const shown = columns.map((name, at) => (columns.length === 1 ? masked(`k${at}`) : named(name, masked(`k${at}`))));
  return `SELECT place."object"::VARCHAR AS "object", place."row" AS "row", ${shown.join(` || ', ' || `)} AS "value", n AS "rows" FROM (
  SELECT ${keys}, count(*) AS n, ${first} FROM ${source} AS _s WHERE ${present(columns)} GROUP BY ${keyed(columns)} HAVING count(*) > 1
  ORDER BY n DESC, ${aliases} LIMIT ${SAMPLE_ROWS}) ORDER BY n DESC, ${aliases}`;
}

function place(placed: boolean): string {
  return placed
    ? '_s._sluice_object::VARCHAR AS "object", _s._sluice_row AS "row"'
    : 'NULL::VARCHAR AS "object", NULL::BIGINT AS "row"';
}

function value(shown: readonly string[]): string {
  const [only, ...more] = shown;
  if (only === undefined) return 'NULL::VARCHAR';
  if (more.length === 0) return masked(ref({ name: only }));
  return shown.map((name) => named(name, masked(ref({ name })))).join(` || ', ' || `);
}

function named(name: string, shown: string): string {
  return `${quoteText(`${name}=`)} || coalesce(${shown}, 'NULL')`;
}

/** The first character and the length; of one character the length alone. */
function masked(value: string): string {
  const text = `${value}::VARCHAR`;
  return `CASE WHEN length(${text}) > 1 THEN left(${text}, 1) ELSE '' END || '…(' || length(${text}) || ')'`;
}

function present(columns: readonly string[]): string {
  return columns.map((name) => `${ref({ name })} IS NOT NULL`).join(' AND ');
}

function keyed(columns: readonly string[]): string {
  return columns.map((name) => ref({ name })).join(', ');
}
