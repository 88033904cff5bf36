import { isProvenance, typeKind } from '../../shared/schema/typeKind.js';
import type { TypeKind } from '../../shared/schema/typeKind.js';
import type { Column } from '../../shared/schema/columns.js';
import { partsOf, type Step } from './parts.js';

/** Up to this many rows every figure is exact; above it, distinct counts of wide columns are estimated and quantiles sampled. */
export const EXACT_ROWS = 200_000;
/** Columns with at most about this many distinct values are counted exactly by grouping, and get their top values. */
export const GROUPED_DISTINCT = 100_000;
/** Columns of one statement over plain aggregates: bounds its memory. */
const AGGREGATED_TOGETHER = 50;
/** Columns of one statement that groups by each of them. */
const GROUPED_TOGETHER = 8;

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

/** Columns cut into groups that one statement of plain aggregates covers. */
export function aggregateGroups<T>(columns: readonly T[]): readonly (readonly T[])[] {
  return chunks(columns, AGGREGATED_TOGETHER);
}

/** Columns cut into groups that one statement with a GROUP BY for each covers. */
export function countingGroups(columns: readonly PlannedColumn[]): readonly (readonly PlannedColumn[])[] {
  return chunks(columns, GROUPED_TOGETHER);
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
