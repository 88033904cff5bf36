import { isProvenance, typeKind } from '../../shared/schema/typeKind.js';
import type { TypeKind } from '../../shared/schema/typeKind.js';
import type { Column } from '../../shared/schema/columns.js';
import type { ColumnProfile } from '../../shared/findings/reports.js';
import { partsOf, type Step } from './parts.js';

/** Up to this many rows every figure is exact; above it, distinct counts of wide columns are estimated and quantiles sampled. */
export const EXACT_ROWS = 200_000;
/** Columns with at most about this many distinct values are counted exactly by grouping, and get their top values. */
export const GROUPED_DISTINCT = 100_000;
/** Columns of one statement over plain aggregates, at least and at most; in between, as many as have about so many values, which bounds its memory. */
const AGGREGATED_TOGETHER = { least: 50, most: 500, values: 10_000_000 };
/** Columns of one statement that groups by each of them. */
const GROUPED_TOGETHER = { least: 8, most: 50, values: 2_000_000 };

/** A column to profile; `at` numbers it within the profile and names its results. */
export interface PlannedColumn extends Column {
  readonly at: number;
  /** What leads to it: one name for a column, more for what is within structs, lists and maps. */
  readonly steps: readonly Step[];
  readonly kind: TypeKind;
  readonly numeric: boolean;
  /** Its values can be compared and counted one by one (nested values are looked at by presence and length only). */
  readonly scalar: boolean;
  /** Has quantiles: numbers, dates and timestamps. */
  readonly ranked: boolean;
  /** SQL function that measures a value's length. */
  readonly length?: string;
}

const LENGTHS: Partial<Record<TypeKind, string>> = {
  text: 'length',
  blob: 'octet_length',
  bit: 'length',
  list: 'len',
  map: 'cardinality',
};
const NESTED: readonly TypeKind[] = ['list', 'map', 'struct', 'other'];
const NUMERIC: readonly TypeKind[] = ['integer', 'decimal', 'float'];

/** Parts of nested columns that are looked at beyond the columns, over all of them. */
const MOST_PARTS = 2_000;

/** The columns that a profile covers: all but Sluice's own, in order, each followed by its parts where it is nested. */
export function planColumns(columns: readonly Column[]): readonly PlannedColumn[] {
  const own = columns.filter((column) => !isProvenance(column.name));
  let left = MOST_PARTS;
  const all = own.flatMap(({ name, type }) => {
    const parts = NESTED.includes(typeKind(type)) ? partsOf(name, type).slice(0, left) : [];
    left -= parts.length;
    return [{ steps: [{ kind: 'field', name } as const], name, type }, ...parts];
  });
  return all.map(({ steps, name, type }, at) => {
    const kind = typeKind(type);
    const length = LENGTHS[kind];
    const numeric = NUMERIC.includes(kind);
    return {
      at,
      steps,
      name,
      type,
      kind,
      numeric,
      scalar: !NESTED.includes(kind),
      ranked: numeric || kind === 'date' || kind === 'timestamp',
      ...(length === undefined ? {} : { length }),
    };
  });
}

/** Columns of `rows` values each (unknown: as many as there may be) cut into groups that one statement of plain aggregates covers. */
export function aggregateGroups<T>(columns: readonly T[], rows = Number.MAX_SAFE_INTEGER): readonly (readonly T[])[] {
  return chunks(columns, together(AGGREGATED_TOGETHER, rows));
}

/** Columns cut into groups that one statement with a GROUP BY for each covers. */
export function countingGroups<T>(columns: readonly T[], rows: number): readonly (readonly T[])[] {
  return chunks(columns, together(GROUPED_TOGETHER, rows));
}

/** Whether statements that count each column shall count within a copy of a few columns: each GROUP BY binds all columns of what it reads, which costs more than the copy where there are many. */
export function isCopied(columns: number, rows: number, exactRows: number = EXACT_ROWS): boolean {
  return columns > GROUPED_TOGETHER.most && rows <= exactRows;
}

function together({ least, most, values }: typeof GROUPED_TOGETHER, rows: number): number {
  return Math.max(least, Math.min(most, Math.floor(values / Math.max(1, rows))));
}

/** Whether the extremes of a column alone say that it has no more than `GROUPED_DISTINCT` values. */
export function hasFewValues({ kind, type }: PlannedColumn, { min, max }: Partial<ColumnProfile> = {}): boolean {
  if (kind === 'boolean') return true;
  if (kind === 'integer') return Number(max) - Number(min) < GROUPED_DISTINCT;
  if (kind === 'date') return Date.parse(String(max)) - Date.parse(String(min)) < GROUPED_DISTINCT * 86_400_000;
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1];
  return scale !== undefined && (Number(max) - Number(min)) * 10 ** Number(scale) < GROUPED_DISTINCT;
}

/** Fraction of the rows that quantiles rest on: all of a small source, else 5 %, but never fewer than about 100,000 rows. */
export function sampleFraction(rows: number, exactRows: number = EXACT_ROWS): number {
  return rows <= exactRows ? 1 : Math.min(1, Math.max(0.05, 100_000 / rows));
}

/** The inner bounds of 20 bars of equal width between two finite numbers; none when all values are the same. */
export function histogramBounds(min: number, max: number): readonly number[] {
  const step = max / 20 - min / 20;
  const bounds = Array.from({ length: 19 }, (_, index) => min + step * (index + 1));
  return bounds.filter((bound, index) => bound > (index === 0 ? min : (bounds[index - 1] ?? min)) && bound < max);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
