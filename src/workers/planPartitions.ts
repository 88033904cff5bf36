import { toSluiceError } from '../shared/errors.js';
import { planJob } from '../shared/jobs/catalogue.js';
import type { BatchId } from '../shared/ids.js';
import type { PartitionRef, PlanDispatch } from '../shared/ledger/port.js';
import type { WorkerContext } from './context.js';

/**
 * While a batch of the partition is under way, small files wait for its end, at most this long beyond `maxWait`, and share the next
 * batch: so batches grow with the load, and a partition that gets files faster than a batch takes does not fall behind.
 */
export const SHARE_MS = 1000;

type Planning = Pick<WorkerContext, 'ledger' | 'queue' | 'logger'>;

/** Has partitions planned that got objects just now. Best effort: the reconciler finds them too, only later. */
export async function planPartitions(context: Planning, partitions: readonly PartitionRef[]): Promise<void> {
  if (partitions.length === 0) return;
  await enqueuePlans(context, () => context.ledger.plans.dispatch(partitions));
}

/** Has the files planned that waited for this batch's end. Best effort: their own time to be planned comes. */
export async function planWaiting(context: Planning, batch: BatchId): Promise<void> {
  await enqueuePlans(context, () => context.ledger.plans.wakeAfter(batch, SHARE_MS));
}

async function enqueuePlans({ queue, logger }: Planning, read: () => Promise<readonly PlanDispatch[]>): Promise<void> {
  try {
    const dispatches = await read();
    if (dispatches.length > 0) await queue.enqueue(dispatches.map((dispatch) => planJob(dispatch)));
  } catch (error) {
    logger.warn({ error: toSluiceError(error).message }, 'objects that go their way again wait for the reconciler');
  }
}
