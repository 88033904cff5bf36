import type { BatchId, ObjectId, RowsId } from '../ids.js';
import type { BatchRow, Custody, ObjectState, PartitionRef, StepDispatch } from './records.js';

/** Another version of an object's key, or another life of its bytes, that compact has settled and nothing superseded. */
export interface KeyVersion {
  readonly object: ObjectId;
  readonly state: ObjectState;
  readonly eTag: string;
  readonly size: number;
  readonly generation: number;
  readonly sequencer?: string;
  readonly lastModified?: Date;
  readonly arrivedAt: Date;
}

/** States in which an object has rows in a target, or will have. */
export const LIVE_STATES: readonly ObjectState[] = ['compacted', 'held', 'judged', 'loaded'];

/** What stands around an object of a batch when its bytes are known. */
export interface Surroundings {
  readonly object: ObjectId;
  /** As the event told it; a hint. */
  readonly sequencer?: string;
  readonly lastModified?: Date;
  readonly arrivedAt: Date;
  readonly versions: readonly KeyVersion[];
  /** Who owns the same content in this dataset, if anybody does. */
  readonly owner?: ContentOwner;
}

export interface ContentOwner {
  readonly object: ObjectId;
  readonly uri: string;
  /** Whether it is a version of the same key: then the rule about overwrites applies, not the one about duplicates. */
  readonly sameKey: boolean;
}

/** What compact decided about an object by its surroundings; the commit holds only while these are as they were seen. */
export interface ObjectCustody {
  readonly object: ObjectId;
  /** Hex. */
  readonly sha256: string;
  /** The versions as they were seen. */
  readonly seen: readonly { readonly object: ObjectId; readonly live: boolean }[];
  /** Whether the store showed these bytes as the key's current ones; true for the first version of a key. */
  readonly isCurrent: boolean;
  /** Versions whose place it takes once its batch is at its end. */
  readonly replaces: readonly ObjectId[];
  /** `own`: nobody else may have the content. `share`: it may. `copy`: `owner` has it. `none`: no rows, no claim. */
  readonly content: 'own' | 'share' | 'copy' | 'none';
  readonly owner?: ObjectId;
}

/** What a person may decide about what was set aside. */
export const DECISIONS = ['replay', 'release', 'discard'] as const;
export type DecisionVerb = (typeof DECISIONS)[number];

/** A decision that was taken; `requeue` is Sluice's own: the owner of its content gave the content up. */
export interface Decision {
  readonly verb: DecisionVerb | 'requeue';
  readonly at: Date;
  readonly who: string;
  readonly why: string;
  readonly batch?: BatchId;
  readonly object?: ObjectId;
  /** The object's next generation, which goes its way in its place. */
  readonly nextObject?: ObjectId;
}

export interface DecisionRequest {
  readonly verb: DecisionVerb;
  /** Of an object, a batch, or rows that were set aside. */
  readonly id: string;
  readonly who: string;
  readonly why: string;
  /** Replay of rows: the object that holds them now. */
  readonly rowsFile?: { readonly bucket: string; readonly key: string; readonly eTag: string; readonly size: number };
}

/** Rows of one object that one batch set aside; they are decided about together. */
export interface RowsAside {
  readonly rowsId: RowsId;
  readonly dataset: string;
  readonly partition: string;
  readonly batch: BatchId;
  readonly object: ObjectId;
  /** Of the object; absent once the ledger has forgotten its detail. */
  readonly bucket?: string;
  readonly key?: string;
  /** Key of the Parquet file in the lake that holds them. */
  readonly artifact: string;
  readonly rows: number;
  /** Of the first of them. */
  readonly code: string;
  readonly reason: string;
  readonly state: 'quarantined' | 'replayed' | 'discarded';
  /** The object that they became. */
  readonly nextObject?: ObjectId;
  readonly createdAt: Date;
}

export type DecisionAnswer =
  | {
      readonly kind: 'done';
      readonly next: readonly ObjectId[];
      /** To be planned. */
      readonly partitions: readonly PartitionRef[];
      /** To be enqueued. */
      readonly steps: readonly StepDispatch[];
    }
  /** Decided before; nothing was changed. */
  | { readonly kind: 'already'; readonly decision: Decision }
  | { readonly kind: 'refused'; readonly reason: string };

/** Something set aside: a quarantined object, rows of one that went on, or a batch that is held or that a step gave up. */
export type SetAside =
  | ({ readonly kind: 'object'; readonly id: ObjectId } & Custody['object'])
  | ({ readonly kind: 'batch'; readonly id: BatchId } & BatchRow)
  | ({ readonly kind: 'rows'; readonly id: RowsId } & RowsAside);

/** How an audit of a dataset ended. */
/** The newest audit of a dataset. */
export interface LastAudit {
  readonly dataset: string;
  readonly at: Date;
  /** Objects by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
}

export interface AuditNote {
  readonly dataset: string;
  readonly balanced: boolean;
  /** Objects by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** The first objects that do not balance. */
  readonly worst: readonly { readonly uri: string; readonly verdict: string }[];
}
