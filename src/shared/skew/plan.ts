import { isProvenance, typeKind } from '../schema/typeKind.js';
import type { ColumnProfile } from '../findings/reports.js';
import type { HotKey, SkewAdvice, SkewReport } from '../findings/skew.js';

/** The most frequent key against the mean from which a key column counts as skewed. */
export const SKEW_THRESHOLD = 10;
/** A key is hot from this many times the mean (Spark's skewedPartitionFactor). */
export const HOT_OVER_MEAN = 5;
/** A key with less than this share of the rows is never hot: it is below half a fair share of 512 partitions, the finest layout. */
export const HOT_SHARE = 1 / 1024;
/** At most so many hot keys are named. */
export const HOT_KEYS = 100;
/** The layouts that are simulated; powers of two, so that each is folded from the finest. */
export const PARTITIONS = [2, 4, 8, 16, 32, 64, 128, 256, 512] as const;
/** Fewer keys are low cardinality, not skew: twice the eight partitions of the smallest layout worth balancing. */
export const FEWEST_KEYS = 16;
/** Up to this many rows keys are simply grouped. */
export const GROUPED_ROWS = 1_000_000;
/** Above this many estimated keys only heavy hash buckets and a sample of keys are grouped. */
export const GROUPED_KEYS = 500_000;

/** The layout that advice is given for. */
const ADVISED_PARTITIONS = 32;
const MOST_SALTS = 64;
/** Up to here a layout counts as even. */
const EVEN = 1.2;

/** Whether a key column is skewed: its most frequent key far above the mean, and large enough to unbalance a layout. */
export function isSkewed(facts: Pick<SkewReport, 'keys' | 'maxOverMean' | 'topShare'>, threshold: number): boolean {
  return facts.keys >= FEWEST_KEYS && facts.maxOverMean >= threshold && facts.topShare >= HOT_SHARE;
}

/**
 * What to do about a skewed key, for 32 partitions: keys above a fair partition are salted, over so many salts that a piece of the largest
 * fills a quarter of one; keys that fit but crowd a partition together are isolated; nothing where the hash spreads them evenly already.
 */
export function adviseOn(facts: Pick<SkewReport, 'hotKeys' | 'imbalance' | 'skewed'>): SkewAdvice {
  const { hotKeys, imbalance, skewed } = facts;
  const [largest] = hotKeys;
  if (!skewed || largest === undefined) return { kind: 'none', keys: [] };
  const oversized = hotKeys.filter(({ share }) => share > 1 / ADVISED_PARTITIONS);
  if (oversized.length > 0) return { kind: 'salt', keys: keysOf(oversized), salts: saltsFor(largest.share) };
  const layout = imbalance.find(({ partitions }) => partitions === ADVISED_PARTITIONS);
  if (layout === undefined || layout.maxOverMean <= EVEN) return { kind: 'none', keys: [] };
  return { kind: 'isolate', keys: keysOf(hotKeys) };
}

/** Values that stand for no value. */
const PLACEHOLDER =
  /^(?:\s*|[-+]?0+(?:\.0+)?|-1|9{3,}|-9{3,}|[-.?*x]+|null|none|nil|nan|n\/?a|unknown|undefined|unspecified|default|missing|not available|tbd|0{8}-(?:0{4}-){3}0{12}|(?:0001|1900|1970)-01-01(?: 00:00:00)?)$/i;

/** Share of the rows whose hot key looks like a placeholder in every column. */
export function defaultShare(hotKeys: readonly HotKey[]): number {
  const isDefault = ({ key }: HotKey) => [key].flat().every((part) => PLACEHOLDER.test(String(part)));
  return hotKeys.filter(isDefault).reduce((sum, { share }) => sum + share, 0);
}

/** Rows of one partition of the finest layout. */
export interface Load {
  readonly partition: number;
  readonly rows: number;
}

/** The fullest partition against the mean for each layout, folded from the loads of the finest; 0 when there are no rows. */
export function foldLoads(loads: readonly Load[]): SkewReport['imbalance'] {
  const total = loads.reduce((sum, load) => sum + load.rows, 0);
  return PARTITIONS.map((partitions) => {
    const folded = Array.from({ length: partitions }, () => 0);
    for (const load of loads) {
      const at = load.partition % partitions;
      folded[at] = (folded[at] ?? 0) + load.rows;
    }
    return { partitions, maxOverMean: total === 0 ? 0 : (Math.max(...folded) * partitions) / total };
  });
}

/** So many keys that each have so many rows. */
export interface KeyCount {
  readonly rows: number;
  readonly keys: number;
}

/** Mean, deviation (over all keys) and Gini coefficient of the rows per key. */
export function measureKeys(counts: readonly KeyCount[]): Pick<SkewReport, 'keys' | 'meanRows' | 'stddev' | 'gini'> {
  const keys = counts.reduce((sum, count) => sum + count.keys, 0);
  const rows = counts.reduce((sum, count) => sum + count.keys * count.rows, 0);
  if (keys === 0) return { keys: 0, meanRows: 0, stddev: 0, gini: 0 };
  const meanRows = rows / keys;
  const squares = counts.reduce((sum, count) => sum + count.keys * (count.rows - meanRows) ** 2, 0);
  let before = 0;
  let ranked = 0;
  for (const count of [...counts].sort((a, b) => a.rows - b.rows)) {
    // Keys with equal rows take the ranks from before + 1 to before + count.keys.
    ranked += count.rows * count.keys * (before + (count.keys + 1) / 2);
    before += count.keys;
  }
  const gini = Math.max(0, (2 * ranked) / (keys * rows) - (keys + 1) / keys);
  return { keys, meanRows, stddev: Math.sqrt(squares / keys), gini };
}

/**
 * Whether a profiled column is looked at for skew when no keys are configured: texts, identifiers, and integers named like a key
 * (`id`, `customer_id`, `shipKey`, ...), with 16 or more values that repeat. Measures, dates and flags are never keys. Where the
 * profile has counted the most frequent value, it must reach the threshold.
 */
export function isSkewCandidate(column: ColumnProfile, rows: number, threshold: number): boolean {
  const { name, type, nulls, distinct = 0, top } = column;
  const kind = typeKind(type);
  const keyed = rows - nulls;
  if (isProvenance(name) || !(kind === 'text' || kind === 'uuid' || (kind === 'integer' && isNamedLikeKey(name)))) {
    return false;
  }
  if (distinct < FEWEST_KEYS || distinct > keyed / 4) return false;
  return top === undefined || (top[0]?.rows ?? 0) / (keyed / distinct) >= threshold;
}

function isNamedLikeKey(name: string): boolean {
  return /(^|[_ ])(id|key|code|no|nr|num|number|sk|fk)$/i.test(name) || /[a-z](Id|ID|Key|Code|No|Number)$/.test(name);
}

/** A salted piece of a key fills at most this much of a fair partition: pieces fall where the hash wants, and several meet. */
const PIECE_OF_PARTITION = 1 / 4;

/** From this share of the rows on a key takes more than its piece of one of 32 partitions. */
export const SALTED_SHARE = PIECE_OF_PARTITION / ADVISED_PARTITIONS;

/** Over how many salts a key of so large a share is spread, so that each fills at most a quarter of one of 32 partitions: a power of two from 2 to 64. */
export function saltsFor(share: number): number {
  return Math.min(MOST_SALTS, 2 ** Math.ceil(Math.log2(Math.max(2, share / SALTED_SHARE))));
}

function keysOf(hotKeys: readonly HotKey[]): HotKey['key'][] {
  return hotKeys.map(({ key }) => key);
}
