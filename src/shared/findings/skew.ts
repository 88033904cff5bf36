import type { Scalar } from './reports.js';

/** The value of a key: one scalar, or for a key of several columns one a column. */
export type KeyValue = Scalar | readonly Scalar[];

export interface HotKey {
  readonly key: KeyValue;
  readonly rows: number;
  /** Of all rows, 0 to 1. */
  readonly share: number;
}

/** What to do about a skewed key when rows are spread over partitions by it. */
export type SkewAdvice =
  | { readonly kind: 'none'; readonly keys: readonly KeyValue[] }
  /** Give each of the keys a partition of its own; the rest spreads evenly. */
  | { readonly kind: 'isolate'; readonly keys: readonly KeyValue[] }
  /** Each of the keys is more than one partition can fairly hold: spread each over `salts` partitions. */
  | { readonly kind: 'salt'; readonly keys: readonly KeyValue[]; readonly salts: number };

/** How evenly the rows of a batch spread over the values of a key. Rows whose key holds a NULL count in `rows` and `nullShare` only. */
export interface SkewReport {
  readonly rows: number;
  /** Columns. */
  readonly key: readonly string[];
  /** Distinct keys. */
  readonly keys: number;
  /** `approximate`: there are very many keys, so `keys`, `meanRows`, `stddev` and `gini` rest on a sample of keys (about 1 % off), and `maxRows` too when no key holds 1/1024 of the rows. */
  readonly keysMethod: 'exact' | 'approximate';
  /** Rows of the most frequent key. */
  readonly maxRows: number;
  readonly meanRows: number;
  readonly maxOverMean: number;
  /** Share of all rows that the most frequent key holds, 0 to 1. */
  readonly topShare: number;
  /** Of the rows per key, over all keys. */
  readonly stddev: number;
  /** 0: every key has as many rows; towards 1: few keys have all. Blind to one hot key among many small ones. */
  readonly gini: number;
  /** Share of rows whose key holds a NULL, 0 to 1. */
  readonly nullShare: number;
  /** Share of rows with a hot key that looks like a placeholder (empty, 0, -1, unknown, n/a, ...), 0 to 1. */
  readonly defaultShare: number;
  /** Every key with at least five times the mean and 1/1024 of the rows, counted exactly, most rows first; at most 100. */
  readonly hotKeys: readonly HotKey[];
  /** The fullest of so many partitions against their mean, when each row goes to partition hash(key) modulo partitions. */
  readonly imbalance: readonly { readonly partitions: number; readonly maxOverMean: number }[];
  readonly skewed: boolean;
  readonly advice: SkewAdvice;
}

/** Files of one folder, as a partition. */
export interface PartitionSize {
  readonly partition: string;
  /** Bytes of its files. */
  readonly bytes: number;
}

/** How evenly bytes fall into partitions. Skewed by the rule of Spark: over five times the median and over 256 MB. */
export interface PartitionReport {
  readonly count: number;
  readonly medianBytes: number;
  readonly maxBytes: number;
  /** The largest first. */
  readonly skewed: readonly PartitionSize[];
}

/** What a join of two tables on a key would do. A row whose key holds a NULL has no partner. */
export interface JoinReport {
  readonly rows: {
    readonly left: number;
    readonly right: number;
    /** Of an inner join; exact. */
    readonly joined: number;
  };
  /** Joined rows for each row of the left. */
  readonly explosion: number;
  /** Rows of the left without a partner: an inner join loses them. */
  readonly lost: number;
  /** Rows of the left with more than one partner. */
  readonly multiplied: number;
  /** Rows of the right without a partner. */
  readonly unused: number;
  /** The keys that make most joined rows, at most ten. */
  readonly worst: readonly {
    readonly key: KeyValue;
    readonly left: number;
    readonly right: number;
    readonly joined: number;
  }[];
  /** Keys that salting would spread: the side with more of its rows gets the salt, the other one copy a salt. */
  readonly salted: readonly { readonly key: KeyValue; readonly salts: number; readonly side: 'left' | 'right' }[];
  /** The fullest of so many partitions against their mean, in rows read and joined, as it is and with salts. */
  readonly balance: readonly { readonly partitions: number; readonly before: number; readonly after: number }[];
}
