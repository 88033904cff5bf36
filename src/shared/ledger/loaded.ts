import { asBatchId, asObjectId, type BatchId, type ObjectId } from '../ids.js';
import type { LedgerDatabase } from './database.js';
import type { Artifact, Manifest } from './manifest.js';

/** A batch whose rows are in all of its tables, or that was judged where its dataset loads into none. */
export interface LoadedBatch {
  readonly batch: BatchId;
  readonly manifest: Manifest;
  /** Where its rows lie now: the manifest's artifacts, or those that they were merged into with rows of other batches. */
  readonly artifacts: readonly Artifact[];
  /** Objects with rows in these artifacts whose rows were removed since: newer versions took their places. */
  readonly gone: readonly ObjectId[];
}

/** What of a dataset is still on its way. */
export interface UnderWay {
  /** Files that are in no batch yet. */
  readonly arrived: boolean;
  /** Batches with a step that will run by itself; one that is held or that gave up waits for a person and is none. */
  readonly batches: boolean;
}

/** What of a dataset is loaded, and what is about to be. */
export interface LoadedLedger {
  /** Batches with rows after a batch, the oldest first. */
  list(dataset: string, after: BatchId | undefined, limit: number): Promise<readonly LoadedBatch[]>;
  /** Of files that arrived and batches that were planned until then. */
  underWay(dataset: string, until: Date): Promise<UnderWay>;
}

interface StoredBatch {
  readonly batch_id: string;
  readonly manifest: Manifest;
  readonly artifacts: readonly Artifact[];
  readonly gone: readonly string[];
}

const LOADED = `
SELECT b.batch_id, b.manifest, coalesce(merge.artifacts, b.manifest -> 'artifacts') AS artifacts, ARRAY(
  SELECT o.object_id::text FROM sluice.batch_objects m JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
  WHERE m.batch_id = ANY(array_append(ARRAY(SELECT batch_id FROM sluice.merged_batches WHERE merge_id = merge.merge_id), b.batch_id))
    AND o.state NOT IN ('loaded', 'judged') GROUP BY o.object_id ORDER BY o.object_id) AS gone
FROM sluice.batches b
LEFT JOIN sluice.merged_batches own ON own.batch_id = b.batch_id LEFT JOIN sluice.merges merge ON merge.merge_id = own.merge_id
WHERE b.dataset = $1 AND ($2::uuid IS NULL OR b.batch_id > $2) AND b.artifacts > 0 AND (b.state = 'loaded' OR b.state = 'judged'
  AND NOT EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.step = 'load'))
ORDER BY b.batch_id LIMIT $3`;

const UNDER_WAY = `
SELECT EXISTS (SELECT FROM sluice.objects WHERE dataset = $1 AND due_at IS NOT NULL AND arrived_at <= $2) AS arrived,
  EXISTS (SELECT FROM sluice.batches b JOIN sluice.steps s USING (batch_id)
    WHERE b.dataset = $1 AND b.state IN ('planned', 'compacted', 'held', 'judged') AND b.created_at <= $2 AND s.state = 'pending') AS batches`;

/** What of a dataset is loaded, and what is about to be. */
export function loadedLedger(database: LedgerDatabase): LoadedLedger {
  return {
    async list(dataset, after, limit) {
      const rows = await database.rows<StoredBatch & Record<string, unknown>>(LOADED, [dataset, after ?? null, limit]);
      return rows.map(({ batch_id, manifest, artifacts, gone }) => ({
        batch: asBatchId(batch_id),
        manifest,
        artifacts,
        gone: gone.map(asObjectId),
      }));
    },
    async underWay(dataset, until) {
      const [row] = await database.rows<{ arrived: boolean; batches: boolean }>(UNDER_WAY, [dataset, until]);
      return row ?? { arrived: false, batches: false };
    },
  };
}
