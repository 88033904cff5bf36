import { SluiceError } from '../../shared/errors.js';
import { type JobPayload, planJob } from '../../shared/jobs/catalogue.js';
import type { Outcome } from '../../shared/outcome.js';
import { datasetOf, type WorkerContext } from '../context.js';

/** Scheduled work: sweep finds what no event announced; compact closes batches that wait. Safe to run twice: both only record and dispatch what the ledger lacks. */
export async function handleMaintain(
  context: WorkerContext,
  payload: JobPayload<'maintain'>,
  signal: AbortSignal,
): Promise<Outcome> {
  const datasets =
    payload.dataset === undefined ? context.config.datasets : [datasetOf(context.config, payload.dataset)];
  switch (payload.job) {
    case 'sweep': {
      let recorded = 0;
      for (const dataset of datasets) recorded += (await context.sweep(dataset, signal)).recorded;
      return { kind: 'done', summary: { recorded } };
    }
    case 'compact': {
      const plans = await context.ledger.recovery.pendingPartitions(datasets.map(({ name }) => name));
      await context.queue.enqueue(plans.map((plan) => planJob(plan, { closeNow: true })));
      return { kind: 'done', summary: { partitions: plans.length } };
    }
    case 'audit':
    case 'retention':
      throw new SluiceError('USAGE', `expected a maintenance that this version does, got ${payload.job}`);
  }
}
