import type { Artifact, Manifest } from './manifest.js';
import type { BatchObject, BatchRow } from './records.js';

/** What the ledger knows of a batch. */
export interface BatchRecord {
  readonly row: BatchRow;
  /** In the plan's order, those that left it included. */
  readonly objects: readonly BatchObject[];
  /** Absent until it is compacted. */
  readonly manifest?: Manifest;
  /** Where its rows lie, among those of others, instead of in the manifest's artifacts, since these were merged. */
  readonly merged?: readonly Artifact[];
}
