import type { BatchId } from '../ids.js';
import type { Column } from '../schema/columns.js';
import type { Artifact } from './manifest.js';

/** Small artifacts that belong together: those of a loaded batch, or of a merge. */
export interface MergeUnit {
  readonly kind: 'batch' | 'merge';
  readonly id: BatchId;
  readonly partition: string;
  /** How often its rows were written anew since their batch: 0 for those of a batch. */
  readonly generation: number;
  /** Without provenance. */
  readonly columns: readonly Column[];
  readonly artifacts: readonly Artifact[];
}

/** A merge that begins. Its id is one of a batch's kind, so that artifacts of both have names of one kind. */
export interface MergeStart {
  readonly merge: BatchId;
  readonly dataset: string;
  readonly partition: string;
  readonly generation: number;
  readonly columns: readonly Column[];
}

/** Merging small artifacts of loaded batches; the targets know nothing of it. */
export interface MergeLedger {
  /** Of a dataset: what is loaded, laid out by no key, and smaller than `underBytes` an artifact; oldest first, at most 5,000 batches. */
  units(dataset: string, underBytes: number): Promise<readonly MergeUnit[]>;
  /** Notes that a merge begins: what it puts is an orphan unless it commits. */
  begin(start: MergeStart): Promise<void>;
  /**
   * THE commit point of a merge: from here on the rows of these units are read from these artifacts. False, changing nothing, where another
   * merge took one of the units meanwhile.
   */
  commit(merge: BatchId, units: readonly MergeUnit[], artifacts: readonly Artifact[]): Promise<boolean>;
}
