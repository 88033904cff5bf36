import { toSluiceError } from '../shared/errors.js';
import { planJob } from '../shared/jobs/catalogue.js';
import type { PartitionRef } from '../shared/ledger/port.js';
import type { WorkerContext } from './context.js';

/** Has partitions planned that got objects just now. Best effort: the reconciler finds them too, only later. */
export async function planPartitions(
  { ledger, queue, logger }: Pick<WorkerContext, 'ledger' | 'queue' | 'logger'>,
  partitions: readonly PartitionRef[],
): Promise<void> {
  if (partitions.length === 0) return;
  try {
    const dispatches = await ledger.plans.dispatch(partitions);
    await queue.enqueue(dispatches.map((dispatch) => planJob(dispatch)));
  } catch (error) {
    logger.warn({ error: toSluiceError(error).message }, 'objects that go their way again wait for the reconciler');
  }
}
