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
  /** Every key with at least five times the mean and 1/1024 of the rows, counted exactly, most rows first; at most 100. */
  readonly hotKeys: readonly HotKey[];
  /** The fullest of so many partitions against their mean, when each row goes to partition hash(key) modulo partitions. */
  readonly imbalance: readonly { readonly partitions: number; readonly maxOverMean: number }[];
  readonly skewed: boolean;
  readonly advice: SkewAdvice;
}
