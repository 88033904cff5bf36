import { asObjectId } from '../ids.js';
import type { BatchId } from '../ids.js';
import { commitPlan } from './commitPlan.js';
import type { LedgerDatabase } from './database.js';
import { FIRST_DISPATCH } from './firstDispatch.js';
import type { PartitionRef, PendingObject, PlanDispatch, PlanLedger } from './port.js';

/**
 * Inserts the partitions that are missing and flips those that are not marked; a marked one is only read, never locked, so
 * intake does not queue up on a busy partition. Rows are locked in order of their names: two calls never deadlock.
 */
const DISPATCH = `
WITH wanted AS (
  SELECT DISTINCT dataset, partition FROM unnest($1::text[], $2::text[]) AS t(dataset, partition)
), unmarked AS (
  SELECT dataset, partition FROM sluice.partitions JOIN wanted USING (dataset, partition)
  WHERE NOT dispatched ORDER BY dataset, partition FOR NO KEY UPDATE OF partitions
), flipped AS (
  UPDATE sluice.partitions p SET dispatched = true, dispatch = p.dispatch + 1, dispatched_at = now()
  FROM unmarked u WHERE p.dataset = u.dataset AND p.partition = u.partition
  RETURNING p.dataset, p.partition, p.dispatch
), added AS (
  INSERT INTO sluice.partitions (dataset, partition, dispatched, dispatch, dispatched_at)
  SELECT dataset, partition, true, ${FIRST_DISPATCH}, now() FROM wanted w
  WHERE NOT EXISTS (SELECT FROM sluice.partitions p WHERE p.dataset = w.dataset AND p.partition = w.partition)
  ORDER BY dataset, partition
  ON CONFLICT DO NOTHING
  RETURNING dataset, partition, dispatch
)
SELECT * FROM flipped UNION ALL SELECT * FROM added`;

const TAKE_MARK_OFF = `
UPDATE sluice.partitions SET dispatched = false, plan_at = NULL
WHERE dataset = $1 AND partition = $2 AND (dispatched OR plan_at IS NOT NULL)`;

const READ_PENDING = `
SELECT object_id, key, size, arrived_at FROM sluice.objects
WHERE dataset = $1 AND partition = $2 AND due_at IS NOT NULL AND due_at <= now()
ORDER BY due_at, object_id LIMIT $3`;

const PLAN_AGAIN = `
INSERT INTO sluice.partitions AS known (dataset, partition, dispatched, dispatch, dispatched_at, plan_at)
VALUES ($1, $2, false, ${FIRST_DISPATCH}, now(), $3)
ON CONFLICT (dataset, partition) DO UPDATE SET dispatch = known.dispatch + 1, dispatched_at = now(), plan_at = excluded.plan_at
RETURNING dataset, partition, dispatch`;

/** A batch that is older is stuck (held, failing, its target away): nothing waits for it. */
const YOUNG = `interval '10 seconds'`;

/** True when a young batch of the partition is under way; looks at 1,000 unfinished batches of the dataset at most. */
const HAS_YOUNG_BATCH = `
SELECT EXISTS (
  SELECT FROM (
    SELECT partition, created_at FROM sluice.batches
    WHERE dataset = $1 AND state IN ('planned', 'compacted', 'judged') LIMIT 1000
  ) unfinished WHERE partition = $2 AND created_at > now() - ${YOUNG}
) AS found`;

const WAKE = `
UPDATE sluice.partitions p SET dispatch = p.dispatch + 1, dispatched_at = now(), plan_at = NULL
FROM sluice.batches b
WHERE b.batch_id = $1 AND p.dataset = b.dataset AND p.partition = b.partition AND p.plan_at < now() + $2 * interval '1 millisecond'
RETURNING p.dataset, p.partition, p.dispatch`;

/**
 * Turns pending objects into batches.
 *
 * Why no wake-up is lost: `record` has committed before `dispatch` takes its snapshot, and `beginPlan` has committed the mark's
 * removal before it reads what is pending. So either dispatch sees the mark off (or waits for whoever just put it on), and a
 * plan comes that reads later; or it sees the mark on, then its snapshot is older than the removal, and the read that follows
 * the removal finds the recorded objects. `planAgainAt` leaves the mark as it is: a new arrival need not wait for that time.
 * A process that dies between two of these calls leaves pending objects, which `unplannedPartitions` finds.
 */
export function planLedger(database: LedgerDatabase): PlanLedger {
  return {
    async dispatch(partitions: readonly PartitionRef[]): Promise<readonly PlanDispatch[]> {
      if (partitions.length === 0) return [];
      return database.rows<PlanDispatch & Record<string, unknown>>(DISPATCH, [
        partitions.map((one) => one.dataset),
        partitions.map((one) => one.partition),
      ]);
    },
    async beginPlan({ dataset, partition }: PartitionRef, limit: number): Promise<readonly PendingObject[]> {
      // Two statements, each its own transaction: the read must start after the mark's removal committed.
      await database.changed(TAKE_MARK_OFF, [dataset, partition]);
      const rows = await database.rows<{ object_id: string; key: string; size: number; arrived_at: Date }>(
        READ_PENDING,
        [dataset, partition, limit],
      );
      return rows.map((row) => ({
        object: asObjectId(row.object_id),
        key: row.key,
        size: row.size,
        arrivedAt: row.arrived_at,
      }));
    },
    commitPlan: (partition, batches) => commitPlan(database, partition, batches),
    async planAgainAt({ dataset, partition }: PartitionRef, at: Date): Promise<PlanDispatch> {
      const [row] = await database.rows<{ dispatch: number }>(PLAN_AGAIN, [dataset, partition, at]);
      return { dataset, partition, dispatch: row?.dispatch ?? 1 };
    },
    async hasYoungBatch({ dataset, partition }: PartitionRef): Promise<boolean> {
      const [row] = await database.rows<{ found: boolean }>(HAS_YOUNG_BATCH, [dataset, partition]);
      return row?.found === true;
    },
    async wakeAfter(batch: BatchId, withinMs: number): Promise<readonly PlanDispatch[]> {
      return database.rows<PlanDispatch & Record<string, unknown>>(WAKE, [batch, withinMs]);
    },
  };
}
