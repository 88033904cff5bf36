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
  readonly hot: Map<string, { readonly key: KeyValue; rows: number }>;
}

/**
 * Joins the skew findings of several batches by dataset and column, leaving out columns that were skewed in none. Rows of a
 * key are summed over the batches where it was hot; the number of keys is that of the batch with most. Pure.
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
    const into = merged.get(placeOf(one)) ?? { dataset, column, rows: 0, keys: 0, hot: new Map() };
    into.rows += one.rows;
    into.keys = Math.max(into.keys, one.keys);
    for (const { key, rows } of one.hotKeys) {
      const known = into.hot.get(JSON.stringify(key));
      if (known === undefined) into.hot.set(JSON.stringify(key), { key, rows });
      else known.rows += rows;
    }
    merged.set(placeOf(one), into);
  }
  return [...merged.values()].map(describe).sort((a, b) => b.topShare - a.topShare);
}

function placeOf({ dataset, column }: { readonly dataset: string; readonly column: string }): string {
  return `${dataset}\n${column}`;
}

function describe({ dataset, column, rows, keys, hot }: Merged & Pick<ColumnSkew, 'dataset' | 'column'>): ColumnSkew {
  const sorted = [...hot.values()].sort((a, b) => b.rows - a.rows);
  const topShare = rows === 0 ? 0 : (sorted[0]?.rows ?? 0) / rows;
  return {
    dataset,
    column,
    topShare,
    maxOverMean: topShare * keys,
    hotKeys: sorted.slice(0, 10).map((hot) => ({ ...hot, share: hot.rows / rows })),
  };
}
