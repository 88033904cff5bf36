import { SluiceError } from '../../shared/errors.js';
import { type JobPayload, planJob } from '../../shared/jobs/catalogue.js';
import type { Outcome } from '../../shared/outcome.js';
import { datasetOf, type WorkerContext } from '../context.js';
import { auditDataset } from './audit.js';

/**
 * Scheduled work: sweep finds what no event announced; compact closes batches that wait;
 * audit counts every object through to the targets and logs what does not balance. Safe to run twice: the first two only record
 * and dispatch what the ledger lacks, the audit changes nothing.
 */
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
    case 'audit': {
      let [objects, unbalanced] = [0, 0];
      for (const { name, load } of datasets) {
        const loads = load.map(({ target, table }) => ({ target, table }));
        const { ledger, warehouse } = context;
        for await (const page of auditDataset({ ledger: ledger.read, warehouse, dataset: name, loads, signal })) {
          const bad = page.filter(({ verdict }) => verdict === 'unbalanced' || verdict === 'unverified');
          for (const { uri, verdict, targets } of bad)
            context.logger.error({ dataset: name, uri, verdict, targets }, 'an object does not balance');
          objects += page.length;
          unbalanced += bad.length;
        }
      }
      return { kind: 'done', summary: { objects, unbalanced } };
    }
    case 'retention':
      throw new SluiceError('USAGE', `expected a maintenance that this version does, got ${payload.job}`);
  }
}
