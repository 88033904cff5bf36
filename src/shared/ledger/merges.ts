import { isSluiceError, SluiceError } from '../errors.js';
import { asBatchId } from '../ids.js';
import type { Column } from '../schema/columns.js';
import type { LedgerDatabase, Statements } from './database.js';
import type { Artifact } from './manifest.js';
import type { MergeLedger, MergeUnit } from './port.js';

/** A batch without loads is at its end when it is judged. A merge that began later may be older than a batch: both in the order of their ids. */
const UNITS = `
SELECT * FROM (
  SELECT 'batch' AS kind, b.batch_id AS id, b.partition, 0 AS generation, b.manifest -> 'columns' AS columns, b.manifest -> 'artifacts' AS artifacts
  FROM sluice.batches b
  WHERE b.dataset = $1 AND b.artifacts > 0 AND b.bytes_out < b.artifacts * $2::bigint AND b.manifest -> 'layout' IS NULL AND b.supersedes IS NULL
    AND (b.state = 'loaded' OR b.state = 'judged' AND NOT EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.step = 'load'))
    AND NOT EXISTS (SELECT FROM sluice.merged_batches m WHERE m.batch_id = b.batch_id)
  ORDER BY b.batch_id LIMIT 5000
) AS batches
UNION ALL
SELECT 'merge', merge_id, partition, generation, columns, artifacts FROM sluice.merges
WHERE dataset = $1 AND merged_at IS NOT NULL AND superseded_at IS NULL AND bytes < json_array_length(artifacts) * $2::bigint
ORDER BY id`;

const BEGIN = `INSERT INTO sluice.merges (merge_id, dataset, partition, generation, columns) VALUES ($1, $2, $3, $4, $5)`;

const FINISH = `
UPDATE sluice.merges SET artifacts = $2, bytes = $3, merged_at = now() WHERE merge_id = $1 AND merged_at IS NULL`;

/** A merge that takes in another one waits for its lock, and then finds it superseded. */
const SUPERSEDE = `
UPDATE sluice.merges SET superseded_at = now()
WHERE merge_id = ANY($1::uuid[]) AND merged_at IS NOT NULL AND superseded_at IS NULL`;

const MOVE_ON = `UPDATE sluice.merged_batches SET merge_id = $1 WHERE merge_id = ANY($2::uuid[])`;

const TAKE_BATCHES = `
INSERT INTO sluice.merged_batches (batch_id, merge_id)
SELECT batch_id, $1 FROM sluice.batches WHERE batch_id = ANY($2::uuid[]) AND state IN ('loaded', 'judged')
ORDER BY batch_id FOR SHARE ON CONFLICT DO NOTHING`;

interface StoredUnit {
  readonly kind: 'batch' | 'merge';
  readonly id: string;
  readonly partition: string;
  readonly generation: number;
  readonly columns: readonly Column[];
  readonly artifacts: readonly Artifact[];
}

/** Where the rows of a batch lie since they were merged, of `sluice.batches AS b`; NULL while its own artifacts stand. */
export const MERGED_ARTIFACTS = `(
    SELECT m.artifacts FROM sluice.merged_batches mb JOIN sluice.merges m USING (merge_id) WHERE mb.batch_id = b.batch_id
  )`;

/** The ledger's part of merging artifacts. */
export function mergeLedger(database: LedgerDatabase): MergeLedger {
  return {
    async units(dataset, underBytes) {
      const rows = await database.rows<StoredUnit & Record<string, unknown>>(UNITS, [dataset, Math.floor(underBytes)]);
      return rows.map(({ id, ...rest }): MergeUnit => ({ ...rest, id: asBatchId(id) }));
    },
    async begin({ merge, dataset, partition, generation, columns }) {
      await database.changed(BEGIN, [merge, dataset, partition, generation, JSON.stringify(columns)]);
    },
    async commit(merge, units, artifacts) {
      try {
        await database.transaction((tx) => commitMerge(tx, { merge, units, artifacts }));
        return true;
      } catch (error) {
        if (isSluiceError(error, 'LEASE_LOST')) return false;
        throw error;
      }
    },
  };
}

async function commitMerge(
  tx: Statements,
  { merge, units, artifacts }: { merge: string; units: readonly MergeUnit[]; artifacts: readonly Artifact[] },
): Promise<void> {
  const [batches, merges] = (['batch', 'merge'] as const).map((wanted) =>
    units.flatMap(({ kind, id }) => (kind === wanted ? [id] : [])).sort(),
  );
  const expect = async (count: number, sql: string, values: readonly unknown[]) => {
    if ((await tx.changed(sql, values)) !== count) {
      throw new SluiceError('LEASE_LOST', `another merge took what merge ${merge} wanted`);
    }
  };
  const bytes = artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0);
  await expect(1, FINISH, [merge, JSON.stringify(artifacts), bytes]);
  await expect(merges?.length ?? 0, SUPERSEDE, [merges]);
  await tx.changed(MOVE_ON, [merge, merges]);
  await expect(batches?.length ?? 0, TAKE_BATCHES, [merge, batches]);
}
