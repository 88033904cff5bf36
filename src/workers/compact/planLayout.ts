import type { HotKey, KeyValue, SkewReport } from '../../shared/findings/skew.js';
import { saltsFor } from '../../shared/skew/plan.js';

/** An artifact that is to be cut from the ordered rows: so many of them. */
export interface Cut {
  readonly rows: number;
  /** Isolate: the one key that it holds. */
  readonly key?: KeyValue;
}

/** How the rows of a batch are ordered and cut into artifacts. The cuts hold all rows, in order. */
export type LayoutPlan =
  | { readonly kind: 'isolate'; readonly hotKeys: readonly HotKey[]; readonly cuts: readonly Cut[] }
  | {
      readonly kind: 'salt';
      readonly hotKeys: readonly (HotKey & { readonly salts: number })[];
      readonly cuts: readonly Cut[];
    }
  | { readonly kind: 'bucket'; readonly cuts: readonly Cut[] };

export interface LayoutWish {
  readonly action: 'isolate' | 'salt' | 'bucket';
  /** Artifacts: exactly so many under bucket, at least under salt, about under isolate. */
  readonly buckets: number;
  /** Artifacts that the size of the batch asks for. */
  readonly fewest: number;
}

/** An artifact of a layout may hold this many times the mean. */
const EVEN = 1.25;
/** Isolate may make so many times the wished artifacts where that isolates more keys. */
const FINER = 4;

/**
 * What to do about a batch; undefined: nothing, its key is not skewed. Bucket cuts always, into equal parts. Isolate finds the number of
 * artifacts that gives most hot keys artifacts of their own with the largest under 1.25 times the mean. Pure: the same batch gets
 * the same layout.
 */
export function planLayout(
  { rows, hotKeys, skewed }: Pick<SkewReport, 'rows' | 'hotKeys' | 'skewed'>,
  { action, buckets, fewest }: LayoutWish,
): LayoutPlan | undefined {
  if (rows === 0) return undefined;
  if (action === 'bucket') return { kind: 'bucket', cuts: cutEvenly(rows, buckets) };
  if (!skewed || hotKeys.length === 0) return undefined;
  const parts = Math.max(buckets, fewest);
  if (action === 'isolate') return isolate(rows, hotKeys, parts);
  const salted = hotKeys.map((hot) => ({ ...hot, salts: saltsFor(hot.share) }));
  return { kind: 'salt', hotKeys: salted, cuts: cutEvenly(rows, parts) };
}

/** Cuts rows into parts that differ by one row at most, the larger first (as SQL's ntile does); never an empty one. */
export function cutEvenly(rows: number, parts: number): readonly Cut[] {
  const count = Math.min(rows, parts);
  const [base, more] = [Math.floor(rows / count), rows % count];
  return Array.from({ length: count }, (_, at) => ({ rows: base + (at < more ? 1 : 0) }));
}

function isolate(rows: number, hotKeys: readonly HotKey[], parts: number): LayoutPlan {
  let best = isolateInto(rows, hotKeys, parts);
  for (let count = parts + 1; count <= parts * FINER; count++) {
    const next = isolateInto(rows, hotKeys, count);
    if (isBetter(next, best)) best = next;
  }
  return best;
}

type Isolation = LayoutPlan & { readonly kind: 'isolate' };

/** Gives each key that fills at least half an artifact its own ones, and cuts the rest evenly. */
function isolateInto(rows: number, hotKeys: readonly HotKey[], parts: number): Isolation {
  const size = rows / parts;
  const isolated = hotKeys.filter((hot) => hot.rows >= size / 2);
  const rest = rows - isolated.reduce((sum, hot) => sum + hot.rows, 0);
  const cuts = [
    ...isolated.flatMap(({ key, rows: own }) => cutEvenly(own, Math.ceil(own / size)).map((cut) => ({ ...cut, key }))),
    ...(rest === 0 ? [] : cutEvenly(rest, Math.ceil(rest / size))),
  ];
  return { kind: 'isolate', hotKeys: isolated, cuts };
}

function isBetter(next: Isolation, best: Isolation): boolean {
  const [nextRatio, bestRatio] = [maxOverMean(next.cuts), maxOverMean(best.cuts)];
  if (nextRatio > EVEN || bestRatio > EVEN) return nextRatio < bestRatio;
  return next.hotKeys.length > best.hotKeys.length;
}

/** The largest part against the mean; 0 when there is none. */
export function maxOverMean(cuts: readonly Cut[]): number {
  const total = cuts.reduce((sum, cut) => sum + cut.rows, 0);
  return total === 0 ? 0 : (Math.max(...cuts.map((cut) => cut.rows)) * cuts.length) / total;
}
