import { z } from 'zod';
import type { KeyValue } from '../../shared/findings/skew.js';

/** The skew of one column over all batches of a run. */
export interface ColumnSkew {
  readonly dataset: string;
  readonly column: string;
  /** Share of all rows that the most frequent key holds, 0 to 1. */
  readonly topShare: number;
  readonly maxOverMean: number;
  /** At most ten, most rows first. */
  readonly hotKeys: readonly { readonly key: KeyValue; readonly rows: number; readonly share: number }[];
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const skewData = z.object({
  rows: z.number(),
  keys: z.number(),
  skewed: z.boolean(),
  hotKeys: z.array(z.object({ key: z.union([scalar, z.array(scalar)]), rows: z.number() })),
});

interface Merged {
  rows: number;
  keys: number;
  batches: number;
  readonly hot: Map<string, { readonly key: KeyValue; rows: number; batches: number }>;
}

/**
 * Joins the skew findings of several batches by dataset and column, leaving out columns that were skewed in none. Only keys
 * that were hot in every batch are told: their rows are exact sums, while a key that was hot in some was not counted in the
 * others. The number of keys is that of the batch with most. Pure.
 */
export function mergeSkew(
  findings: readonly { readonly dataset: string; readonly name: string; readonly data: unknown }[],
): readonly ColumnSkew[] {
  const read = findings.flatMap(({ dataset, name, data }) => {
    const parsed = skewData.safeParse(data);
    return parsed.success ? [{ dataset, column: name, ...parsed.data }] : [];
  });
  const skewed = new Set(read.filter((one) => one.skewed).map(placeOf));
  const merged = new Map<string, Merged & Pick<ColumnSkew, 'dataset' | 'column'>>();
  for (const one of read.filter((one) => skewed.has(placeOf(one)))) {
    const { dataset, column } = one;
    const into = merged.get(placeOf(one)) ?? { dataset, column, rows: 0, keys: 0, batches: 0, hot: new Map() };
    into.rows += one.rows;
    into.batches++;
    into.keys = Math.max(into.keys, one.keys);
    for (const { key, rows } of one.hotKeys) {
      const known = into.hot.get(JSON.stringify(key));
      into.hot.set(JSON.stringify(key), { key, rows: (known?.rows ?? 0) + rows, batches: (known?.batches ?? 0) + 1 });
    }
    merged.set(placeOf(one), into);
  }
  return [...merged.values()].map(describe).sort((a, b) => b.topShare - a.topShare);
}

function placeOf({ dataset, column }: { readonly dataset: string; readonly column: string }): string {
  return `${dataset}\n${column}`;
}

function describe({
  dataset,
  column,
  rows,
  keys,
  batches,
  hot,
}: Merged & Pick<ColumnSkew, 'dataset' | 'column'>): ColumnSkew {
  const sorted = [...hot.values()].filter((key) => key.batches === batches).sort((a, b) => b.rows - a.rows);
  const topShare = rows === 0 ? 0 : (sorted[0]?.rows ?? 0) / rows;
  return {
    dataset,
    column,
    topShare,
    maxOverMean: topShare * keys,
    hotKeys: sorted.slice(0, 10).map(({ key, rows: ofKey }) => ({ key, rows: ofKey, share: ofKey / rows })),
  };
}
