import { isSluiceError, type SluiceError, toSluiceError } from '../shared/errors.js';
import type { CheckResult } from '../shared/findings/check.js';
import type { ProfileReport } from '../shared/findings/reports.js';
import type { Step } from '../shared/ledger/port.js';
import { storeDataset, tableDataset } from '../shared/lineage/names.js';
import type { RunEvent } from '../shared/lineage/port.js';
import { type RunState, runEvent } from '../shared/lineage/runEvent.js';
import { datasetOf, type WorkerContext } from './context.js';
import type { StepHandlers, StepHandler, StepWork } from './runSteps.js';

/** The handlers, each emitting START and COMPLETE, FAIL or ABORT around its work where the configuration asks for lineage. */
export function tellLineage(handlers: StepHandlers): StepHandlers {
  return {
    compact: told(handlers.compact),
    profile: told(handlers.profile),
    skew: told(handlers.skew),
    check: told(handlers.check),
    load: told(handlers.load),
  };
}

function told(handler: StepHandler): StepHandler {
  return async (context, work) => {
    emit(context, work, { kind: 'START' });
    try {
      const opened = await handler(context, work);
      emit(context, work, { kind: 'COMPLETE' });
      return opened;
    } catch (error) {
      emit(context, work, endOf(toSluiceError(error), work));
      throw error;
    }
  };
}

/** How a run ended that threw: what was taken back or taken over, or waits for something, has not failed. */
export function endOf({ code, message, retry }: SluiceError, { signal }: Pick<StepWork, 'signal'>): RunState {
  const isStopped = signal.aborted && !isSluiceError(signal.reason, 'JOB_DEADLINE');
  return isStopped || retry === 'snooze' ? { kind: 'ABORT' } : { kind: 'FAIL', message: `${code}: ${message}` };
}

function emit(context: WorkerContext, work: StepWork, state: RunState): void {
  if (context.lineage === undefined) return;
  const at = new Date(context.clock.now());
  context.lineage.emit(() => buildEvent(context, work, { state, at }));
}

/** Runs after the step, beside the next one: what it asks of the ledger costs no job its time. */
async function buildEvent(
  { config, ledger, warehouse }: WorkerContext,
  { claim, objects, manifest }: StepWork,
  { state, at }: { state: RunState; at: Date },
): Promise<RunEvent> {
  const dataset = datasetOf(config, claim.dataset);
  const isDone = state.kind === 'COMPLETE';
  const lake = config.lake?.url ?? 's3://lake';
  const { url, prefix } = dataset.source;
  const target = config.targets[claim.target];
  const schema = target === undefined ? '' : target.schema;
  return runEvent({
    state,
    at,
    namespace: config.lineage?.namespace ?? 'sluice',
    claim,
    objects,
    manifest: isDone && claim.step === 'compact' ? (await ledger.read.batch(claim.batch))?.manifest : manifest,
    ...(isDone ? await findingsOf(ledger, claim.batch, claim.step) : {}),
    source: storeDataset(url ?? lake, url === undefined ? prefix : ''),
    curated: storeDataset(lake, dataset.compact.prefix),
    table: target === undefined ? undefined : tableDataset(warehouse(claim.target).displayUrl, claim.table, schema),
    keepsColumns: dataset.transform === undefined,
  });
}

interface Findings {
  readonly profile?: ProfileReport | undefined;
  readonly checks?: readonly CheckResult[];
}

async function findingsOf(
  ledger: WorkerContext['ledger'],
  batch: StepWork['claim']['batch'],
  step: Step,
): Promise<Findings> {
  const wanted = { profile: step === 'profile' || step === 'load', check: step === 'check' || step === 'load' };
  const read = (kind: 'profile' | 'check', limit: number) => ledger.read.findings({ batch, kind, limit });
  const [profiles, checks] = await Promise.all([
    wanted.profile ? read('profile', 1) : [],
    wanted.check ? read('check', 5000) : [],
  ]);
  return {
    // Written by the steps of this very program: their shapes are known.
    profile: profiles[0]?.data as ProfileReport | undefined,
    checks: checks.map(({ data }) => data as CheckResult),
  };
}
