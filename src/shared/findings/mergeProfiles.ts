import { distributionOf, mixDistributions, valueAt } from './distribution.js';
import { QUANTILES, type ColumnProfile, type ProfileReport, type QuantileName, type Scalar } from './reports.js';

/** A column over all batches. */
export interface MergedColumn extends Omit<
  ColumnProfile,
  'histogram' | 'patterns' | 'distinctMethod' | 'distinctError'
> {
  /** Rows of the batches that have the column. */
  readonly rows: number;
  /** Distinct values that are at least, and at most, there; the same number where it is known. */
  readonly distinctBetween?: readonly [number, number];
  /** `exact` of one batch; of several `mixed`: between the quantiles of each batch its values are taken as evenly spread. */
  readonly quantilesMethod?: 'exact' | 'mixed';
  /** Whether `top` is every value that there is. */
  readonly topIsAll?: boolean;
}

/** What is known of a dataset from the profiles of its batches. */
export interface MergedProfile {
  readonly batches: number;
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly MergedColumn[];
}

/**
 * Joins the profiles of batches, the newest first, whose column order and types stand. Counts, extremes, means, deviations and lengths
 * are those of all rows together; top values only where every batch counted them; distinct values between bounds. Pure.
 */
export function mergeProfiles(reports: readonly ProfileReport[]): MergedProfile {
  const names = [...new Set(reports.flatMap(({ columns }) => columns.map(({ name }) => name)))];
  return {
    batches: reports.length,
    rows: reports.reduce((sum, { rows }) => sum + rows, 0),
    bytes: reports.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    columns: names.map((name) => mergeColumn(reports.flatMap((report) => partOf(report, name)))),
  };
}

interface Part {
  readonly rows: number;
  readonly column: ColumnProfile;
}

function partOf({ rows, columns }: ProfileReport, name: string): readonly Part[] {
  const column = columns.find((one) => one.name === name);
  return column === undefined ? [] : [{ rows: column.elements ?? rows, column }];
}

function mergeColumn(parts: readonly Part[]): MergedColumn {
  const columns = parts.map(({ column }) => column);
  const { name = '', type = '', path } = columns[0] ?? {};
  const rows = sum(parts.map((part) => part.rows));
  const nulls = sum(columns.map((column) => column.nulls));
  const [min, max] = [
    extreme(
      columns.map((one) => one.min),
      -1,
    ),
    extreme(
      columns.map((one) => one.max),
      1,
    ),
  ];
  const nan = columns.some((column) => column.nan !== undefined)
    ? {
        nan: sum(columns.map((column) => column.nan ?? 0)),
        infinite: sum(columns.map((column) => column.infinite ?? 0)),
      }
    : {};
  return {
    name,
    type,
    ...(path === undefined ? {} : { path }),
    rows,
    nulls,
    nullFraction: rows === 0 ? 0 : nulls / rows,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...mergeMoments(parts),
    ...mergeLengths(parts),
    ...nan,
    ...mergeValues(parts),
    ...mergeQuantiles(parts),
  };
}

/** Pooled: the mean of all rows, and the deviation within and between the batches. */
function mergeMoments(parts: readonly Part[]): Pick<MergedColumn, 'mean' | 'stddev'> {
  const known = parts.flatMap(({ rows, column }) => {
    const n = rows - column.nulls - (column.nan ?? 0) - (column.infinite ?? 0);
    return typeof column.mean === 'number' && n > 0 ? [{ n, mean: column.mean, stddev: column.stddev }] : [];
  });
  const n = sum(known.map((one) => one.n));
  if (n === 0) return {};
  const mean = sum(known.map((one) => one.n * one.mean)) / n;
  const squares = known.map((one) => (typeof one.stddev === 'number' ? (one.n - 1) * one.stddev ** 2 : 0));
  const between = known.map((one) => one.n * (one.mean - mean) ** 2);
  return { mean, ...(n < 2 ? {} : { stddev: Math.sqrt((sum(squares) + sum(between)) / (n - 1)) }) };
}

function mergeLengths(parts: readonly Part[]): Pick<MergedColumn, 'lengths'> {
  const known = parts.flatMap(({ rows, column }) =>
    column.lengths === undefined ? [] : [{ n: rows - column.nulls, ...column.lengths }],
  );
  const n = sum(known.map((one) => one.n));
  if (n === 0) return {};
  return {
    lengths: {
      min: known.reduce((least, one) => Math.min(least, one.min), Number.MAX_SAFE_INTEGER),
      max: known.reduce((most, one) => Math.max(most, one.max), 0),
      mean: sum(known.map((one) => one.n * one.mean)) / n,
    },
  };
}

function mergeValues(parts: readonly Part[]): Pick<MergedColumn, 'top' | 'topIsAll' | 'distinct' | 'distinctBetween'> {
  const columns = parts.map(({ column }) => column);
  const counts = new Map<Scalar, { rows: number; batches: number }>();
  for (const { top = [] } of columns)
    for (const { value, rows } of top) {
      const known = counts.get(value) ?? { rows: 0, batches: 0 };
      counts.set(value, { rows: known.rows + rows, batches: known.batches + 1 });
    }
  const isAll = columns.every((column) => column.top !== undefined && column.top.length === column.distinct);
  const sure = [...counts].filter(([, { batches }]) => isAll || batches === columns.length);
  const top = sure.map(([value, { rows }]) => ({ value, rows })).toSorted((a, b) => b.rows - a.rows);
  const shown = columns.every((column) => column.top !== undefined) ? { top: top.slice(0, 50), topIsAll: isAll } : {};
  const known = columns.flatMap(({ distinct }) => (distinct === undefined ? [] : [distinct]));
  if (known.length < columns.length) return shown;
  if (isAll) return { ...shown, distinct: counts.size };
  return { ...shown, distinctBetween: [Math.max(...known), sum(known)] };
}

function mergeQuantiles(parts: readonly Part[]): Pick<MergedColumn, 'quantiles' | 'quantilesMethod'> {
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0) {
    const { quantiles } = only.column;
    return quantiles === undefined ? {} : { quantiles, quantilesMethod: 'exact' };
  }
  const known = parts.flatMap(({ rows, column }) => {
    const points = typeof column.mean === 'number' ? distributionOf(column) : undefined;
    return points === undefined ? [] : [{ points, rows: rows - column.nulls }];
  });
  if (known.length === 0) return {};
  const mixed = mixDistributions(known);
  const at = (name: QuantileName) => valueAt(mixed, QUANTILES[name]);
  const quantiles = {
    p1: at('p1'),
    p5: at('p5'),
    p25: at('p25'),
    p50: at('p50'),
    p75: at('p75'),
    p95: at('p95'),
    p99: at('p99'),
  };
  return { quantiles, quantilesMethod: 'mixed' };
}

/** The least (-1) or greatest (1): numbers as numbers, also where they are too long for JSON and stand as text; other texts by code point. */
function extreme(values: readonly (Scalar | undefined)[], side: -1 | 1): Scalar | undefined {
  const known = values.flatMap((value) => (value === undefined ? [] : [value]));
  return known.reduce<Scalar | undefined>(
    (best, value) => (best === undefined || compare(value, best) * side > 0 ? value : best),
    undefined,
  );
}

function compare(a: Scalar, b: Scalar): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
