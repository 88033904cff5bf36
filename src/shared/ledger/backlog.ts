import type { LedgerDatabase } from './database.js';
import { PENDING_PARTITIONS } from './pendingPartitions.js';
import type { RecoveryLedger } from './port.js';
import { readTallies } from './tallies.js';

type Backlog = Awaited<ReturnType<RecoveryLedger['backlog']>>[number];

/** Open steps are those that may run now or later by themselves; a step behind a failed or held one is not open. */
const STEPS = `
SELECT dataset, count(*) FILTER (WHERE state = 'pending') AS open, count(*) FILTER (WHERE state = 'failed') AS failed,
  min(greatest(dispatched_at, not_before, lease_until)) FILTER (WHERE state = 'pending') AS due
FROM sluice.steps WHERE state IN ('pending', 'failed') GROUP BY dataset`;

const HELD = `SELECT dataset, count(*) AS held FROM sluice.batches WHERE state = 'held' GROUP BY dataset`;

const PLANS = `
${PENDING_PARTITIONS}
SELECT pending.dataset, min(greatest(pending.due_at, CASE WHEN p.dispatched THEN NULL ELSE p.plan_at END)) AS due
FROM pending LEFT JOIN sluice.partitions p USING (dataset, partition) GROUP BY pending.dataset`;

/**
 * Unfinished work per dataset, read from the tallies and the indexes of what is open. `nextDueAt` is when the first of its
 * steps or plans may run: in the past for work that waits for a worker, the end of the lease for what is being worked on.
 */
export async function backlog(database: LedgerDatabase): Promise<readonly Backlog[]> {
  const [tallies, steps, held, plans] = await Promise.all([
    readTallies(database),
    database.rows<{ dataset: string; open: number; failed: number; due: Date | null }>(STEPS),
    database.rows<{ dataset: string; held: number }>(HELD),
    database.rows<{ dataset: string; due: Date | null }>(PLANS),
  ]);
  const rows = new Map<string, Backlog>();
  const put = (dataset: string, part: Partial<Backlog>) =>
    rows.set(dataset, {
      ...(rows.get(dataset) ?? { dataset, pending: 0, openSteps: 0, failedSteps: 0, heldBatches: 0 }),
      ...part,
    });
  for (const { dataset, state, objects } of tallies) if (state === 'arrived') put(dataset, { pending: objects });
  for (const { dataset, open, failed, due } of steps)
    put(dataset, { openSteps: open, failedSteps: failed, ...dueAt(due) });
  for (const { dataset, held: heldBatches } of held) put(dataset, { heldBatches });
  for (const { dataset, due } of plans) put(dataset, earlier(due, rows.get(dataset)?.nextDueAt));
  return [...rows.values()].sort((a, b) => (a.dataset < b.dataset ? -1 : 1));
}

function earlier(due: Date | null, known: Date | undefined): Partial<Backlog> {
  return known !== undefined && (due === null || known < due) ? { nextDueAt: known } : dueAt(due);
}

function dueAt(due: Date | null): Partial<Backlog> {
  return due === null ? {} : { nextDueAt: due };
}
