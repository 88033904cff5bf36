import type { Dataset } from '../../shared/config/config.js';
import { type JobPayload, planJob } from '../../shared/jobs/catalogue.js';
import type { Outcome } from '../../shared/outcome.js';
import { datasetOf, type WorkerContext } from '../context.js';
import { mergeArtifacts } from '../merge/mergeArtifacts.js';
import { findDatasetProfile } from '../../shared/findings/datasetProfile.js';
import { auditDataset } from './audit.js';
import { openAuditTally } from './auditNote.js';
import { watchBudgets } from './budget.js';
import { keepHotWindow } from './hotWindow.js';
import { retireOriginals } from './retireOriginals.js';
import { sweepOrphans, sweepScratch } from './retention.js';

/**
 * Scheduled work: sweep finds what no event announced; compact closes batches that wait and merges small artifacts of loaded ones; profile keeps each dataset's merged profile and drift in the ledger;
 * audit counts every object through to the targets, keeps the result in the ledger and logs what does not balance; retention keeps the
 * ledger's house, deletes what lost attempts left and drops old partitions; budget looks at what Snowflake targets cost. Safe to run twice: sweep and compact only record, dispatch and merge what the ledger lacks,
 * a profile takes the place of the one before, an audit adds a result, retention deletes what no manifest has, and originals asks the store for nothing twice that it did once.
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
      await forEachDataset(datasets, async (dataset) => {
        const report = await context.sweep(dataset, signal);
        context.meter?.swept(dataset.name, report);
        recorded += report.recorded;
      });
      return { kind: 'done', summary: { recorded } };
    }
    case 'compact': {
      const plans = await context.ledger.recovery.pendingPartitions(datasets.map(({ name }) => name));
      await context.queue.enqueue(plans.map((plan) => planJob(plan, { closeNow: true })));
      return { kind: 'done', summary: { partitions: plans.length, ...(await mergeAll(context, datasets, signal)) } };
    }
    case 'profile':
      return { kind: 'done', summary: await profileAll(context, datasets) };
    case 'audit': {
      let [objects, unbalanced] = [0, 0];
      await forEachDataset(datasets, async (dataset) => {
        const audited = await auditOne(context, dataset, signal);
        objects += audited.objects;
        unbalanced += audited.unbalanced;
      });
      return { kind: 'done', summary: { objects, unbalanced } };
    }
    case 'originals': {
      const sum = { batches: 0, unbalanced: 0, objects: 0 };
      await forEachDataset(datasets, async (dataset) => {
        const done = await retireOriginals(context, dataset, signal);
        sum.batches += done.batches;
        sum.unbalanced += done.unbalanced;
        sum.objects += done.objects;
      });
      return { kind: 'done', summary: sum };
    }
    case 'budget':
      return { kind: 'done', summary: await watchBudgets(context) };
    case 'retention':
      return { kind: 'done', summary: await retain(context, datasets, signal) };
  }
}

/** One dataset's fault does not keep the others from their turn; the first one is thrown at the end. */
async function forEachDataset(datasets: readonly Dataset[], work: (dataset: Dataset) => Promise<void>): Promise<void> {
  const faults: unknown[] = [];
  for (const dataset of datasets) await work(dataset).catch((error: unknown) => void faults.push(error));
  if (faults.length > 0) throw faults[0];
}

/** Small artifacts before and after, and what was done about them. */
async function mergeAll(
  context: WorkerContext,
  datasets: readonly Dataset[],
  signal: AbortSignal,
): Promise<{ readonly smallBefore: number; readonly smallAfter: number; readonly merges: number }> {
  const sum = { smallBefore: 0, smallAfter: 0, merges: 0 };
  await forEachDataset(datasets, async (dataset) => {
    const { smallBefore, smallAfter, merges, left } = await mergeArtifacts(context, dataset, { signal });
    context.logger.info({ dataset: dataset.name, smallBefore, smallAfter, merges, left }, 'small artifacts');
    sum.smallBefore += smallBefore;
    sum.smallAfter += smallAfter;
    sum.merges += merges;
  });
  return sum;
}

/** Datasets that have a profile, and how many things drifted in their newest batches. */
async function profileAll(
  context: WorkerContext,
  datasets: readonly Dataset[],
): Promise<{ readonly datasets: number; readonly drifts: number }> {
  const sum = { datasets: 0, drifts: 0 };
  await forEachDataset(datasets, async (dataset) => {
    const drifts = await profileOne(context, dataset);
    if (drifts === undefined) return;
    sum.datasets += 1;
    sum.drifts += drifts;
  });
  return sum;
}

/** How many things drifted; undefined when the dataset has no profiled batch. */
async function profileOne({ ledger, logger }: WorkerContext, { name }: Dataset): Promise<number | undefined> {
  const found = await findDatasetProfile(ledger, name);
  if (found === undefined || !(await ledger.anomalies.noteDatasetFindings(found.batch, found.findings)))
    return undefined;
  const { batch, drifts } = found;
  if (drifts > 0) logger.warn({ dataset: name, batch, drifts }, 'a batch is not as those before it');
  return drifts;
}

/** Audits a dataset and keeps the result in the ledger. */
async function auditOne(
  { ledger, warehouse, logger }: WorkerContext,
  { name, load }: Dataset,
  signal: AbortSignal,
): Promise<{ readonly objects: number; readonly unbalanced: number }> {
  const loads = load.map(({ target, table }) => ({ target, table }));
  const tally = openAuditTally(name);
  for await (const page of auditDataset({ ledger: ledger.read, warehouse, dataset: name, loads, signal })) {
    for (const { uri, verdict, targets } of tally.add(page))
      logger.error({ dataset: name, uri, verdict, targets }, 'an object does not balance');
  }
  const note = tally.note();
  await ledger.custody.noteAudit(note);
  return note;
}

/** The ledger's housekeeping, artifacts of lost attempts, scratch of lost workers. */
async function retain(
  context: WorkerContext,
  datasets: readonly Dataset[],
  signal: AbortSignal,
): Promise<{ readonly artifacts: number; readonly partitions: number; readonly scratch: number }> {
  const { ledger, lake, clock, scratch, logger } = context;
  await ledger.recovery.keepHouse();
  const left = await sweepScratch(scratch, clock.now());
  let [artifacts, partitions] = [0, 0];
  await forEachDataset(datasets, async (dataset) => {
    const { name, compact } = dataset;
    const { prefix } = compact;
    const report = await sweepOrphans({ lake, ledger: ledger.custody, prefix, nowMs: clock.now(), signal });
    logger.info({ dataset: name, ...report }, 'artifacts of lost attempts were deleted');
    artifacts += report.deleted;
    for (const load of dataset.load.filter((one) => one.retain !== undefined)) {
      const { dropped, kept } = await keepHotWindow(context, dataset, load);
      partitions += dropped.length;
      logger.info({ dataset: name, table: load.table, dropped, kept }, 'old partitions were dropped');
    }
  });
  return { artifacts, partitions, scratch: left };
}
