import { forgetAlerts } from './alerts.js';
import { backlog } from './backlog.js';
import { DISPATCH_COLUMNS, readStepDispatch } from './batchRows.js';
import type { StoredDispatch } from './batchRows.js';
import type { LedgerDatabase } from './database.js';
import { scaleLedger } from './demand.js';
import { FIRST_DISPATCH } from './firstDispatch.js';
import { PENDING_PARTITIONS } from './pendingPartitions.js';
import type { PlanDispatch, RecoveryLedger } from './port.js';
import { foldTallies } from './tallies.js';

/** Longest quiet first. Steps that another reconciler locks at this moment are skipped, not waited for. */
const REDISPATCH_STEPS = `
WITH quiet AS (
  SELECT batch_id, step, target, table_name FROM sluice.steps
  WHERE state = 'pending' AND (lease_until IS NULL OR lease_until < now()) AND (not_before IS NULL OR not_before <= now())
    AND (dispatched_at IS NULL OR greatest(dispatched_at, not_before) <= now() - $1 * interval '1 millisecond')
    AND ($3::text[] IS NULL OR dataset = ANY($3))
  ORDER BY dispatched_at NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE sluice.steps s SET dispatch = s.dispatch + 1, dispatched_at = now()
FROM quiet q WHERE s.batch_id = q.batch_id AND s.step = q.step AND s.target = q.target AND s.table_name = q.table_name
RETURNING ${DISPATCH_COLUMNS}`;

/**
 * A marked partition was dispatched and its plan did not begin; an unmarked one was planned and left objects, or its process
 * died between record and dispatch (then it may have no row). The latter waits for its plan_at. Quiet counts from the latest
 * of these times.
 */
const REDISPATCH_PARTITIONS = `
${PENDING_PARTITIONS}, quiet AS (
  SELECT pending.dataset, pending.partition
  FROM pending LEFT JOIN sluice.partitions p USING (dataset, partition)
  WHERE greatest(pending.due_at, p.dispatched_at, CASE WHEN p.dispatched THEN NULL ELSE p.plan_at END)
    <= now() - $1 * interval '1 millisecond' AND ($3::text[] IS NULL OR dataset = ANY($3))
  ORDER BY p.dispatched_at NULLS FIRST LIMIT $2
)
INSERT INTO sluice.partitions AS known (dataset, partition, dispatched, dispatch, dispatched_at)
SELECT dataset, partition, true, ${FIRST_DISPATCH}, now() FROM quiet ORDER BY dataset, partition
ON CONFLICT (dataset, partition) DO UPDATE SET dispatched = true, dispatch = known.dispatch + 1, dispatched_at = now()
WHERE known.dispatched_at <= now() - $1 * interval '1 millisecond'
RETURNING dataset, partition, dispatch`;

const DISPATCH_ALL_PENDING = `
${PENDING_PARTITIONS}
INSERT INTO sluice.partitions AS known (dataset, partition, dispatched, dispatch, dispatched_at)
SELECT dataset, partition, true, ${FIRST_DISPATCH}, now() FROM pending WHERE dataset = ANY($1::text[]) ORDER BY dataset, partition
ON CONFLICT (dataset, partition) DO UPDATE SET dispatched = true, dispatch = known.dispatch + 1, dispatched_at = now()
RETURNING dataset, partition, dispatch`;

const EXPIRE_HOLDER = `
UPDATE sluice.steps SET holder = NULL, lease_until = NULL, crashes = crashes + 1 WHERE holder = $1 AND state = 'pending'`;

const REARM = `
UPDATE sluice.steps SET state = 'pending', failures = 0, crashes = 0, not_before = NULL, dispatched_at = NULL
WHERE state = 'failed' AND ($1::text IS NULL OR dataset = $1)`;

/** What the reconciler and the supervisor need. Everything here may be called at any time, by several processes at once. */
export function recoveryLedger(database: LedgerDatabase): RecoveryLedger {
  return {
    async unfinishedSteps(quietMs, limit, datasets) {
      return (await database.rows<StoredDispatch>(REDISPATCH_STEPS, [quietMs, limit, datasets ?? null])).map(
        readStepDispatch,
      );
    },
    unplannedPartitions: (quietMs, limit, datasets) =>
      database.rows<PlanDispatch & Record<string, unknown>>(REDISPATCH_PARTITIONS, [quietMs, limit, datasets ?? null]),
    pendingPartitions: (datasets) =>
      database.rows<PlanDispatch & Record<string, unknown>>(DISPATCH_ALL_PENDING, [datasets]),
    expireHolder: (holder) => database.changed(EXPIRE_HOLDER, [holder]),
    rearmFailed: (dataset) => database.changed(REARM, [dataset ?? null]),
    backlog: () => backlog(database),
    async keepHouse() {
      await database.rows('SELECT sluice.make_months(2)');
      await foldTallies(database);
      await forgetAlerts(database);
      await scaleLedger(database).forgetPaces();
    },
  };
}
