import type { EngineSession } from '../engine/port.js';
import type { BatchId, ObjectId } from '../ids.js';
import type { Column } from '../schema/columns.js';

/**
 * How a load writes. `scd2` and `cdc` have their seat here.
 * `append`: adds the rows. `upsert`: one row a key; of several the greatest by `orderBy`, then by batch, then by object and row.
 * `replace`: of each scope the rows of its newest batch and no others.
 */
export const WRITE_MODES = ['append', 'upsert', 'replace'] as const;
export type WriteMode = (typeof WRITE_MODES)[number];

/** Lengths of time that a table can be partitioned by. */
export const PARTITION_SPANS = ['day', 'month', 'year'] as const;
export type PartitionSpan = (typeof PARTITION_SPANS)[number];

/** A further index of the table. Columns are named as delivered. */
export interface IndexRequest {
  readonly columns: readonly string[];
  /** Columns that the index carries beside its own, so that queries need not look into the table. */
  readonly include: readonly string[];
  /** The target's SQL condition of a partial index. */
  readonly where?: string;
}

/** One Parquet file of the judged manifest. */
export interface LoadArtifact {
  /** Key in the lake. */
  readonly key: string;
  readonly bytes: number;
  readonly rows: number;
  /** The same bytes on the worker's disk. */
  readonly file: string;
}

export interface LoadRequest {
  readonly batch: BatchId;
  /** The lease's attempt: the fence. */
  readonly attempt: number;
  /** SHA-256 of the judged manifest, hex. */
  readonly manifestHash: string;
  /** As in the config: `orders` or `schema.orders`. */
  readonly table: string;
  readonly mode: WriteMode;
  /** upsert: columns that tell rows apart, as delivered. Each row must have a value in each. */
  readonly key?: readonly string[];
  /** upsert: columns by which a row is newer, as delivered; NULL is the oldest. None: the later batch wins. */
  readonly orderBy?: readonly string[];
  /** replace: what the batch is the whole of: a partition of the dataset; empty or absent: the whole table. */
  readonly scope?: string;
  /** A new table is partitioned by this column of dates or times. */
  readonly partitionBy?: { readonly column: string; readonly every: PartitionSpan };
  /** Indexes of the table besides the key's. */
  readonly indexes?: readonly IndexRequest[];
  /** Materialized views to refresh after the load: `view` or `schema.view`. */
  readonly refresh?: readonly string[];
  /** The artifact's columns without provenance. */
  readonly columns: readonly Column[];
  /** The objects of the manifest with the rows that each has in the artifacts. */
  readonly objects: readonly { readonly object: ObjectId; readonly rows: number }[];
  /** Older versions whose rows leave the table in the same transaction, and the object of this load that takes the place of each. */
  readonly removes: readonly { readonly object: ObjectId; readonly by: ObjectId }[];
  /** The artifacts themselves: for targets that read files. */
  readonly artifacts: readonly LoadArtifact[];
  /** A FROM-able expression over the artifacts' rows (they carry `_sluice_object` UUID, `_sluice_row` BIGINT). */
  readonly source: string;
  readonly session: EngineSession;
  readonly signal?: AbortSignal;
}

export interface LoadReceipt {
  /** `loaded`: this call committed. `already`: the target's books held this batch before; nothing was written. */
  readonly kind: 'loaded' | 'already';
  /** Rows that the target has of this batch. */
  readonly rows: number;
  /** Objects that the books say another batch loaded before (a ledger restored from an older dump), or a newer version replaced: left out. */
  readonly skipped: readonly ObjectId[];
  /** When the target committed, its own clock. */
  readonly committedAt: Date;
  /** What could not be done after the commit (indexes, statistics, views); absent when all is well. */
  readonly notes?: readonly string[];
}

/** Rows of one object counted in the target itself. */
export interface PresentCount {
  readonly object: ObjectId;
  readonly present: number;
  /** Rows that left, or never entered, because a newer version or a newer batch took their place; absent where none. */
  readonly removed?: number;
  /** upsert: rows that were equal to those that the table had; absent where none. */
  readonly unchanged?: number;
  /** upsert: rows that gave way to a newer row of their key, in the batch or in the table; absent where none. */
  readonly overwritten?: number;
}

/** An object, and all the rows that it brought into a table. */
export interface HeldObject {
  readonly object: ObjectId;
  readonly rows: number;
}

/** Partitions that are to leave a table. */
export interface RetireRequest {
  readonly table: string;
  /** Those that end at or before this time. */
  readonly before: Date;
  /** Answers which of the objects nobody else has whole. */
  readonly notHeld: (objects: readonly HeldObject[]) => Promise<readonly ObjectId[]>;
}

/** What left, and what had to stay because of so many objects. */
export interface RetiredPartitions {
  readonly dropped: readonly string[];
  readonly kept: readonly { readonly partition: string; readonly objects: number }[];
}

/** The answer of a question to a target: values as the target prints them, or null. */
export interface Asked {
  readonly columns: readonly string[];
  /** What each column holds; `number` and `boolean` where JSON has the same, all else is `text`. */
  readonly kinds: readonly ('number' | 'boolean' | 'text')[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * A target. Exactly once rests on its own transaction: data, books and fence commit together (DESIGN 3a.2, 3a.3).
 * Errors: TARGET_AWAY, TARGET_MISMATCH, TARGET_DENIED, TARGET_REFUSED, TARGET_BUSY, TARGET_FULL,
 * LOAD_FENCED, COUNT_MISMATCH, KEY_MISSING.
 */
export interface Warehouse {
  readonly kind: 'postgres' | 'snowflake';
  /** For people: the URL without password. */
  readonly displayUrl: string;
  /** Loads one batch into one table, or answers that it was done. Safe to run twice, at once, and after any crash. */
  load(request: LoadRequest): Promise<LoadReceipt>;
  /** Counts rows by `_sluice_object` in the table, and reads from the books what became of the others. Objects of which nothing is known are absent. */
  presentRows(table: string, objects: readonly ObjectId[]): Promise<readonly PresentCount[]>;
  /** Drops old partitions whose objects are all held elsewhere, and notes their rows as removed. Absent where tables have none. */
  retire?(request: RetireRequest): Promise<RetiredPartitions>;
  /** Asks anything (`sluice sql`). */
  ask(sql: string): Promise<Asked>;
  close(): Promise<void>;
}
