import { SluiceError, toSluiceError } from '../../shared/errors.js';
import { JOB_KINDS, stepJob } from '../../shared/jobs/catalogue.js';
import { retireOriginals } from '../../workers/maintain/retireOriginals.js';
import { startWorker } from '../../workers/main.js';
import { drain, type DrainReport } from '../drain.js';
import type { ExitStatus } from '../io.js';
import type { Output } from '../output.js';
import type { Services } from '../services.js';
import { sweepDatasets } from '../sweeps.js';
import { openLedgerCounts, startProgress } from './progress.js';
import { lookBefore, type RunSummary, summarise } from './summary.js';

export interface RunOnceOptions {
  readonly datasets: readonly string[];
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** A run's summary, and what needs a person. */
export interface RunReport extends DrainReport {
  readonly summary: RunSummary;
}

/** How long a step in work may go on when the run is ended early. */
const STOP_MS = 2000;
const STEPS_AGAIN = 100_000;
/** A run sweeps by itself, once: a schedule that came due beside it would take objects out of its counts. */
const STEP_KINDS = JOB_KINDS.filter((kind) => kind !== 'maintain');

/** Sweeps, lets a worker of this process do everything to the end, and tells what was done. Steps that gave up are tried again. */
export async function runOnce(services: Services, { datasets, output, signal }: RunOnceOptions): Promise<RunReport> {
  const { ledger } = services;
  const queue = services.queue();
  const probe = () => probeTargets(services, datasets);
  await probe();
  const before = await lookBefore(services, datasets);
  const context = services.workerContext({ closeNow: true });
  const count = await openLedgerCounts(ledger, datasets);
  const worker = await startWorker({ context, kinds: STEP_KINDS });
  const progress = startProgress(output, count);
  try {
    const sweeps = await sweepDatasets(context, datasets, signal);
    for (const dataset of datasets) await ledger.recovery.rearmFailed(dataset);
    const left = await ledger.recovery.unfinishedSteps(0, STEPS_AGAIN);
    await queue.enqueue(left.map((step) => stepJob(step)));
    const drained = await drain({ ledger, queue }, { datasets, signal, probe });
    await progress.stop();
    for (const dataset of services.config.datasets.filter(({ name }) => datasets.includes(name))) {
      await retireOriginals(context, dataset, signal);
    }
    const recorded = sweeps.reduce((sum, sweep) => sum + sweep.recorded, 0);
    const ignored = sweeps.reduce((sum, sweep) => sum + sweep.ignored, 0);
    return { ...drained, summary: await summarise(services, { datasets, before, recorded, ignored, signal }) };
  } finally {
    await progress.stop();
    await worker.stop(STOP_MS);
  }
}

/** A run is waited for, so a target that is away ends it (exit 3, naming the target) instead of being tried again for ever. */
async function probeTargets({ config, warehouse }: Services, datasets: readonly string[]): Promise<void> {
  const loads = config.datasets.filter(({ name }) => datasets.includes(name)).flatMap(({ load }) => load);
  for (const target of new Set(loads.map((load) => load.target))) {
    await warehouse(target)
      .ask('SELECT 1')
      .catch((error: unknown) => {
        const { code, message, facts } = toSluiceError(error);
        throw new SluiceError(code, `target ${target}: ${message}`, { facts: { ...facts, target }, cause: error });
      });
  }
}

/** 1 when something failed: a step that gave up, a held batch, a failed check, an audit that does not balance; quarantine only where asked. */
export function exitOfRun({ failedSteps, heldBatches, summary }: RunReport, strict: boolean): ExitStatus {
  const bad = failedSteps + heldBatches + summary.checks.fail + (strict ? summary.objects.quarantined : 0);
  return bad > 0 || !summary.audit.balanced ? 1 : 0;
}

/** Says what needs a person. */
export function noteLeftovers(output: Output, { failedSteps, heldBatches }: DrainReport): void {
  if (failedSteps > 0)
    output.note(`${failedSteps} steps gave up: see \`sluice batches D\`; the next run tries them again`);
  if (heldBatches > 0) output.note(`${heldBatches} batches are held back by a failed check: see \`sluice batches D\``);
}
