import { QUANTILES, SENTINEL_DAYS } from '../../shared/findings/reports.js';
import { rowsSql, valueSql } from './parts.js';
import { patternCtes, type LookedAt } from './patterns.js';
import type { PlannedColumn } from './plan.js';

/** Floats beyond this cannot be squared and summed; columns with such are measured in a statement of their own, scaled down. */
const HUGE = 1e140;
/** What the values of such columns are divided by. */
export const HUGE_SCALE = 1e200;
/** Buckets of the min-hash sketch: its standard error is 1/sqrt(buckets). */
export const SKETCH_BUCKETS = 4096;
/** Texts in `min`, `max` and `top` are cut here. */
const SHOWN_CHARACTERS = 200;
const TOP = 10;

/** One row with counts, extremes, means and lengths of all columns; fields end in the column's number. Of floats that can be summed, and how many are (`plain`). */
export function aggregatesSql(source: string, columns: readonly PlannedColumn[]): string {
  return overAll(source, columns, aggregates, (column) => (column.kind === 'float' ? [plain(column)] : []));
}

/** One row with what float columns have besides plain values: NaN, infinities, values beyond `HUGE`; extremes and moments without the first. */
export function oddFloatsSql(source: string, columns: readonly PlannedColumn[]): string {
  return overAll(source, columns, oddFloats, (column) => {
    const value = ref(column);
    return [
      plain(column),
      `CASE WHEN NOT isnan(${value}) THEN ${value} END AS numbers${column.at}`,
      `CASE WHEN isfinite(${value}) THEN ${value} END AS finite${column.at}`,
    ];
  });
}

/** CASE below the aggregates: a FILTER on one of them makes DuckDB slice every column of the statement. */
function plain(column: PlannedColumn): string {
  return `CASE WHEN abs(${ref(column)}) < ${HUGE} THEN ${ref(column)} END AS plain${column.at}`;
}

/** One row over the source and over the elements of its lists and maps, side by side: rows, then for each column its items, which read it as `v` with its number and as the fields that are made of it. */
function overAll<T extends Pick<PlannedColumn, 'at' | 'steps'>>(
  source: string,
  columns: readonly T[],
  itemsOf: (column: T) => readonly string[],
  fieldsOf: (column: T) => readonly string[] = () => [],
): string {
  const places = new Map([[source, [] as T[]]]);
  for (const column of columns) {
    const place = rowsSql(source, column.steps);
    places.set(place, [...(places.get(place) ?? []), column]);
  }
  const [all = '', ...others] = [...places].map(([place, inside]) => {
    const head = place === source ? ['count(*) AS "rows"'] : inside.map(({ at }) => `count(*) AS rows${at}`);
    const fields = inside.flatMap((column) => [`${ref(column)} AS v${column.at}`, ...fieldsOf(column)]);
    const from = fields.length === 0 ? place : `(SELECT ${fields.join(', ')} FROM ${place} AS _s)`;
    return `SELECT ${[...head, ...inside.flatMap(itemsOf)].join(', ')} FROM ${from}`;
  });
  return others.length === 0 ? all : `SELECT * FROM ${[all, ...others].map((one) => `(${one})`).join(', ')}`;
}

/** Mean and deviation of float columns with values beyond `HUGE`, both divided by `HUGE_SCALE`. */
export function scaledSql(source: string, columns: readonly PlannedColumn[]): string {
  return overAll(
    source,
    columns,
    ({ at }) => [`avg(scaled${at}) AS mean${at}`, `stddev_samp(scaled${at}) AS stddev${at}`],
    (column) => [
      `CASE WHEN isfinite(${ref(column)}) THEN ${ref(column)}::DOUBLE / ${HUGE_SCALE} END AS scaled${column.at}`,
    ],
  );
}

/** A column with its rows, or its elements. */
export type CountedColumn = PlannedColumn & { readonly rows: number };

/** For each column one row: how many buckets of the hash have a value, the sum of each one's smallest rest (0 to 1), and patterns of some of its texts. */
export function sketchSql(source: string, columns: readonly CountedColumn[]): string {
  const buckets = columns.map((column) => {
    // About this many rows offer their text, and each bucket keeps one: whichever has the smaller hash, so not by its beginning.
    const offered = Math.min(2 ** 52, Math.ceil((2 ** 52 * 5 * SKETCH_BUCKETS) / Math.max(1, column.rows)));
    const isText = column.kind === 'text';
    const text = isText ? `, arg_min(v, h) FILTER ((h >> 12) < ${offered}) AS v, 1 AS n` : '';
    const value = ref(column);
    return `b${column.at} AS MATERIALIZED (SELECT (min(h >> 12) + 0.5)::DOUBLE / ${2 ** 52} AS smallest${text}
  FROM (SELECT hash(${value}) AS h${isText ? `, ${value}::VARCHAR AS v` : ''} FROM ${rowsSql(source, column.steps)} AS _s WHERE ${value} IS NOT NULL) GROUP BY (h & ${SKETCH_BUCKETS - 1})::USMALLINT)`;
  });
  const reads = columns.map(
    ({ at }) => `SELECT ${at} AS "at", count(*) AS buckets, sum(smallest) AS total FROM b${at}`,
  );
  const texts = columns.filter(({ kind }) => kind === 'text');
  return withPatterns(
    buckets,
    reads,
    texts.map(({ at }) => ({ at, from: `b${at} WHERE v IS NOT NULL` })),
  );
}

/** For each column the row of its read, with the patterns of its texts. */
function withPatterns(ctes: readonly string[], reads: readonly string[], texts: readonly LookedAt[]): string {
  return `WITH ${[...ctes, ...patternCtes(texts), `answers AS (${reads.join('\nUNION ALL ')})`].join(',\n')}
SELECT answers.*, patterns.found AS patterns FROM answers LEFT JOIN patterns USING ("at")`;
}

/** What a statement over a copy of some columns reads instead of the source. */
const COPY = '_sluice_part';

/** CTEs and what to read: the source, or a copy of the columns that are looked at, made once. */
function copyOf(source: string, columns: readonly PlannedColumn[], copied: boolean): { ctes: string[]; from: string } {
  if (!copied) return { ctes: [], from: source };
  const names = new Set(columns.map(({ steps }) => valueSql(steps.slice(0, 1))));
  return { ctes: [`${COPY} AS MATERIALIZED (SELECT ${[...names].join(', ')} FROM ${source} AS _s)`], from: COPY };
}

/** For each column one row: its exact distinct count and its most frequent values, ties by value. */
export function groupsSql(source: string, columns: readonly PlannedColumn[], copied: boolean): string {
  const { ctes, from } = copyOf(source, columns, copied);
  const groups = columns.map(
    (column) =>
      `g${column.at} AS ${column.kind === 'text' ? 'MATERIALIZED ' : ''}(SELECT ${ref(column)} AS v, count(*) AS n FROM ${rowsSql(from, column.steps)} AS _s WHERE ${ref(column)} IS NOT NULL GROUP BY 1)`,
  );
  const reads = columns.map(
    ({ at }) => `SELECT ${at} AS "at", count(*) AS "distinct",
  list_transform(min({'n': -n, 'v': v}, ${TOP}), lambda x: {'value': ${shown('x.v')}, 'rows': -x.n}) AS top FROM g${at}`,
  );
  const texts = columns.filter(({ kind }) => kind === 'text');
  return withPatterns(
    [...ctes, ...groups],
    reads,
    texts.map(({ at }) => ({ at, from: `g${at}` })),
  );
}

/** Days and moments that often stand for none. */
export function sentinelsSql(source: string, columns: readonly PlannedColumn[], copied: boolean): string {
  const { ctes, from } = copyOf(source, columns, copied);
  const days = SENTINEL_DAYS.map((day) => `'${day}'`).join(', ');
  const counts = columns.map(
    (column) => `SELECT ${column.at} AS "at", list({'value': day, 'rows': n} ORDER BY day) AS found FROM (
  SELECT left(${ref(column)}::VARCHAR, 10) AS day, count(*) AS n FROM ${rowsSql(from, column.steps)} AS _s
  WHERE ${ref(column)} <= '1970-01-02' OR ${ref(column)} >= '9999-01-01' GROUP BY 1 HAVING left(${ref(column)}::VARCHAR, 10) IN (${days}))`,
  );
  return `${ctes.length === 0 ? '' : `WITH ${ctes.join(', ')}\n`}${counts.join('\nUNION ALL ')}`;
}

/** Exact distinct counts alone, for columns with too many values to list. */
export function distinctSql(source: string, columns: readonly PlannedColumn[]): string {
  return columns
    .map(
      (column) =>
        `SELECT ${column.at} AS "at", count(DISTINCT ${ref(column)}) AS "distinct" FROM ${rowsSql(source, column.steps)} AS _s`,
    )
    .join('\nUNION ALL ');
}

/** A column whose values are spread out over bars with these inner bounds. */
export interface SpreadColumn {
  readonly column: PlannedColumn;
  /** Undefined for dates and timestamps. */
  readonly bounds?: readonly number[];
}

/** One row with the quantiles of each column and the rows of each bar, over a random part of the source. */
export function spreadSql(source: string, columns: readonly SpreadColumn[], fraction: number): string {
  const part = fraction < 1 ? `(SELECT * FROM ${source} WHERE random() < ${fraction})` : source;
  const spreads = columns.map(({ column, bounds }) => ({ ...column, bounds }));
  return overAll(
    part,
    spreads,
    ({ at, kind, bounds }) => {
      const value = kind === 'float' ? `finite${at}` : `v${at}`;
      const quantiles = `quantile_disc(${value}, [${Object.values(QUANTILES).join(', ')}])::VARCHAR[] AS quantiles${at}`;
      if (bounds === undefined) return [quantiles];
      const ends = [...bounds.map(String), 'Infinity'].map((end) => `'${end}'::DOUBLE`).join(', ');
      return [quantiles, `map_values(histogram(${value}::DOUBLE, [${ends}])) AS bars${at}`];
    },
    (column) =>
      column.kind === 'float'
        ? [`CASE WHEN isfinite(${ref(column)}) THEN ${ref(column)} END AS finite${column.at}`]
        : [],
  );
}

function aggregates(column: PlannedColumn): string[] {
  const { at, kind } = column;
  const value = `v${at}`;
  const items = [`count(${value}) AS values${at}`];
  if (kind === 'float') items.push(`count(plain${at}) AS plain${at}`, ...floatItems(at, `plain${at}`, `plain${at}`));
  else if (column.numeric) items.push(...moments(column));
  if (column.scalar && kind !== 'float' && kind !== 'blob' && kind !== 'bit') {
    items.push(`${shown(`min(${value})`)} AS min${at}`, `${shown(`max(${value})`)} AS max${at}`);
  }
  if (column.length !== undefined) {
    const length = `${column.length}(${kind === 'text' ? `${value}::VARCHAR` : value})`;
    items.push(`min(${length}) AS shortest${at}`, `max(${length}) AS longest${at}`, `avg(${length}) AS length${at}`);
  }
  return items;
}

function moments({ at, type }: PlannedColumn): string[] {
  const value = `v${at}`;
  // A sum of 38 digits overflows as an integer; up to 18 digits it is exact.
  const narrow = /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|DECIMAL\((\d|1[0-8]),\d+\))$/i.test(type);
  return [`avg(${narrow ? value : `${value}::DOUBLE`}) AS mean${at}`, `stddev_samp(${value}::DOUBLE) AS stddev${at}`];
}

/** Extremes of `numbers`, those of `finite` as doubles, and moments of plain values. */
function floatItems(at: number, numbers: string, finite: string): string[] {
  return [
    `min(${numbers})::VARCHAR AS min${at}`,
    `max(${numbers})::VARCHAR AS max${at}`,
    `min(${finite})::DOUBLE AS low${at}`,
    `max(${finite})::DOUBLE AS high${at}`,
    `avg(plain${at}::DOUBLE) AS mean${at}`,
    `stddev_samp(plain${at}::DOUBLE) AS stddev${at}`,
  ];
}

function oddFloats({ at }: Pick<PlannedColumn, 'at'>): string[] {
  return [
    `count(v${at}) - count(numbers${at}) AS nan${at}`,
    `count(numbers${at}) - count(finite${at}) AS infinite${at}`,
    `count(finite${at}) - count(plain${at}) AS huge${at}`,
    ...floatItems(at, `numbers${at}`, `finite${at}`),
  ];
}

function shown(value: string): string {
  return `left(${value}::VARCHAR, ${SHOWN_CHARACTERS})`;
}

function ref({ steps }: Pick<PlannedColumn, 'steps'>): string {
  return valueSql(steps);
}
