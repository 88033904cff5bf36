import type { BatchId } from '../ids.js';
import type { PartitionRef, PlannedBatch, StepDispatch } from './records.js';

/** What a batch of write mode replace is the whole of: its partition's files, or all that the table has. */
export const REPLACE_SCOPES = ['partition', 'table'] as const;
export type ReplaceScope = (typeof REPLACE_SCOPES)[number];

/** Most that one batch may have: it cannot be divided. */
export interface ReplaceCaps {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export interface ReplaceRequest {
  readonly place: PartitionRef;
  readonly scope: ReplaceScope;
  /** The pending objects. Its id is a proposal: the batch gets one behind every batch of the dataset. */
  readonly batch: PlannedBatch;
  readonly caps: ReplaceCaps;
}

export type ReplaceAnswer =
  /** `carried`: objects of older batches that it reads again. */
  | {
      readonly kind: 'planned';
      readonly batch: BatchId;
      readonly steps: readonly StepDispatch[];
      readonly carried: number;
    }
  /** A batch of the scope is under way: nothing was changed, the next one takes what waits. */
  | { readonly kind: 'busy' }
  /** Batches of the scope that are held or given up, no table has them: nothing was changed; send their objects again first. */
  | { readonly kind: 'stalled'; readonly batches: readonly BatchId[] }
  /** Another plan took some of the objects: nothing was changed. */
  | { readonly kind: 'void' }
  /** Scope table: a later partition stands or waits; the objects were superseded by it. */
  | { readonly kind: 'outdated'; readonly by: string }
  /** The objects were quarantined as SCOPE_TOO_LARGE: so many files and bytes would have been one batch. */
  | { readonly kind: 'tooLarge'; readonly files: number; readonly bytes: number };

/** Plans batches that supersede older ones. */
export interface ReplaceLedger {
  /**
   * Commits one batch of everything that the scope has: these pending objects, and every loaded one beside them, which stays its old batch's
   * until this one is loaded. One batch of a scope is under way at a time, and its id is the greatest. Safe to call again.
   */
  commitReplace(request: ReplaceRequest): Promise<ReplaceAnswer>;
}
