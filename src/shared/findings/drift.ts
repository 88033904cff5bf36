import { distributionOf, shareUpTo, stabilityIndex } from './distribution.js';
import type { MergedColumn, MergedProfile } from './mergeProfiles.js';
import type { ColumnProfile, ProfileReport, Scalar } from './reports.js';

/** A shift of a distribution by convention; the index of equal samples is added to it. */
const SHIFTED = 0.25;
/** Shares of NULLs that differ by this much beyond chance have drifted. */
const NULLS_MOVED = 0.05;
/** Fewer rows than these say nothing about a distribution. */
const LEAST_ROWS = 100;
/** Columns whose values nearly all differ (keys, counters) move with every batch. */
const NEARLY_UNIQUE = 0.9;

/** One thing about a column that is not as it was. */
export interface Drift {
  readonly column: string;
  readonly kind: 'added' | 'missing' | 'type' | 'nulls' | 'distribution' | 'values';
  /** Type, share of NULLs, or median. */
  readonly was?: Scalar;
  readonly is?: Scalar;
  /** Population stability index of `distribution` and `values`: above 0.25 is a shift. */
  readonly index?: number;
  /** Of `values`: values that were never there, at most ten, with their rows; absent where the former ones were not all counted. */
  readonly newValues?: readonly { readonly value: Scalar; readonly rows: number }[];
}

/** What the finding `drift` of a profile says. */
export interface DriftReport {
  /** Accepted batches and their rows that the batch is compared with. */
  readonly batches: number;
  readonly rows: number;
  readonly drifts: readonly Drift[];
}

/** Compares a profile with what was known of its dataset. Nothing is said about columns that have no rows on one side. Pure. */
export function compareProfiles(now: ProfileReport, before: MergedProfile): DriftReport {
  const { batches, rows } = before;
  if (now.rows === 0 || rows === 0) return { batches, rows, drifts: [] };
  const known = new Map(before.columns.map((column) => [column.name, column]));
  const names = new Set(now.columns.map(({ name }) => name));
  const drifts = now.columns.flatMap((column): readonly Drift[] => {
    const was = known.get(column.name);
    if (was === undefined) return [{ column: column.name, kind: 'added', is: column.type }];
    return compareColumn({ ...column, rows: column.elements ?? now.rows }, was);
  });
  const missing = before.columns
    .filter(({ name }) => !names.has(name))
    .map((column): Drift => ({ column: column.name, kind: 'missing', was: column.type }));
  return { batches, rows, drifts: [...drifts, ...missing] };
}

type Counted = ColumnProfile & { readonly rows: number };

function compareColumn(now: Counted, was: MergedColumn): readonly Drift[] {
  const column = now.name;
  if (now.type !== was.type) return [{ column, kind: 'type', was: was.type, is: now.type }];
  if (now.rows === 0 || was.rows === 0) return [];
  const chance = was.nullFraction * (1 - was.nullFraction) * (1 / now.rows + 1 / Math.max(1, was.rows));
  const moved = Math.abs(now.nullFraction - was.nullFraction) >= NULLS_MOVED + 4 * Math.sqrt(chance);
  const nulls: Drift = { column, kind: 'nulls', was: was.nullFraction, is: now.nullFraction };
  return [...(moved ? [nulls] : []), ...compareValues(now, was)];
}

function compareValues(now: Counted, was: MergedColumn): readonly Drift[] {
  const [n, m] = [now.rows - now.nulls, was.rows - was.nulls];
  if (n < LEAST_ROWS || m < LEAST_ROWS) return [];
  if (now.top !== undefined && was.topIsAll === true) return compareCategories(now, was, { n, m });
  if ((now.distinct ?? 0) > NEARLY_UNIQUE * n) return [];
  const [is, before] = [distributionOf(now), distributionOf(was)];
  if (typeof now.mean !== 'number' || is === undefined || before === undefined) return [];
  const edges = [...new Set(before.slice(1, -1).map(([value]) => value))];
  const split = (points: typeof is) => differences([...edges.map((edge) => shareUpTo(points, edge)), 1]);
  const index = stabilityIndex(split(is), split(before));
  if (index < limit(edges.length + 1, n, m)) return [];
  const [median, former] = [now.quantiles?.p50, was.quantiles?.p50];
  return [
    {
      column: now.name,
      kind: 'distribution',
      index,
      ...(former === undefined ? {} : { was: former }),
      ...(median === undefined ? {} : { is: median }),
    },
  ];
}

function compareCategories(now: Counted, was: MergedColumn, { n, m }: { n: number; m: number }): readonly Drift[] {
  const [is, before] = [now.top ?? [], was.top ?? []];
  const known = new Map(before.map(({ value, rows }) => [value, rows]));
  const newValues = is.filter(({ value }) => !known.has(value)).slice(0, 10);
  const values = [...new Set([...known.keys(), ...is.map(({ value }) => value)])];
  const rowsOf = (value: Scalar) => is.find((one) => one.value === value)?.rows ?? 0;
  const index = stabilityIndex(
    values.map((value) => rowsOf(value) / n),
    values.map((value) => (known.get(value) ?? 0) / m),
  );
  if (newValues.length === 0 && index < limit(values.length, n, m)) return [];
  return [{ column: now.name, kind: 'values', index, ...(newValues.length === 0 ? {} : { newValues }) }];
}

/** Two samples of the same have an index of about (classes - 1) (1/n + 1/m). */
function limit(classes: number, n: number, m: number): number {
  return SHIFTED + (classes - 1) * (1 / n + 1 / m);
}

function differences(shares: readonly number[]): readonly number[] {
  return shares.map((share, index) => share - (shares[index - 1] ?? 0));
}
