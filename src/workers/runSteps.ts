import { join } from 'node:path';
import { isSluiceError, SluiceError, toSluiceError } from '../shared/errors.js';
import { asBatchId } from '../shared/ids.js';
import { type JobPayload, stepJob } from '../shared/jobs/catalogue.js';
import type { BatchObject, BatchRow, Step, StepClaim, StepDispatch, StepRef } from '../shared/ledger/port.js';
import type { Manifest } from '../shared/ledger/manifest.js';
import type { Outcome } from '../shared/outcome.js';
import { backoffDelayMs, isOver, MAX_CRASHES } from './backoff.js';
import { type BatchScratch, type BatchView, openBatchScratch } from './batchScratch.js';
import { datasetOf, type WorkerContext } from './context.js';
import { HEARTBEAT_MS, LEASE_MS, withHeartbeat } from './heartbeat.js';
import { planWaiting } from './planPartitions.js';
import { observeBatch } from './observe.js';

/** One claimed step, with all that its handler needs. */
export interface StepWork {
  readonly claim: StepClaim;
  readonly row: BatchRow;
  readonly objects: readonly BatchObject[];
  /** The manifest that compact committed; undefined for compact itself. */
  readonly manifest: Manifest | undefined;
  readonly scratch: BatchScratch;
  readonly signal: AbortSignal;
}

/** Does a step's work, passes its one commit point, and returns the steps that this opened. */
export type StepHandler = (context: WorkerContext, work: StepWork) => Promise<readonly StepDispatch[]>;

export type StepHandlers = Readonly<Record<Step, StepHandler>>;

type StepEnd =
  | { readonly kind: 'next'; readonly steps: readonly StepDispatch[]; readonly row: BatchRow }
  | { readonly kind: 'outcome'; readonly outcome: Outcome };

/**
 * Runs a step, then the steps that it opens, in a row under their own leases with the same scratch and engine; a later
 * step that fails goes to the queue by itself. Safe to run twice: each step is claimed in the ledger, and each commit
 * compares the claim's attempt.
 */
export async function runSteps(
  context: WorkerContext,
  {
    step,
    payload,
    handlers,
    signal,
  }: { step: Step; payload: JobPayload<'compact'>; handlers: StepHandlers; signal: AbortSignal },
): Promise<Outcome> {
  const batch = asBatchId(payload.batch);
  const folder = join(
    context.scratch,
    `${batch}-${payload.dispatch}-${process.pid}-${context.clock.now().toString(36)}`,
  );
  const scratch = await openBatchScratch({
    folder,
    engine: context.engine,
    lake: context.lake,
    sourceStore: () => context.sourceStore(payload.dataset),
    ...context.config.worker,
  });
  try {
    const first = await runStep(context, {
      ref: { batch, step, target: payload.target, table: payload.table },
      scratch,
      handlers,
      signal,
    });
    if (first.kind === 'outcome') return first.outcome;
    const ran = await runInline(context, { waiting: [...first.steps], scratch, handlers, signal });
    await planWaiting(context, batch);
    const { bytesIn: bytes, objects } = first.row;
    return { kind: 'done', summary: { batch, steps: ran + 1, bytes, objects } };
  } finally {
    await scratch.close();
  }
}

interface InlineRun {
  readonly waiting: StepDispatch[];
  readonly scratch: BatchScratch;
  readonly handlers: StepHandlers;
  readonly signal: AbortSignal;
}

async function runInline(context: WorkerContext, { waiting, scratch, handlers, signal }: InlineRun): Promise<number> {
  let ran = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (signal.aborted) {
      await context.queue.enqueue([next, ...waiting].map((dispatch) => stepJob(dispatch)));
      return ran;
    }
    try {
      const end = await runStep(context, { ref: next, scratch, handlers, signal });
      if (end.kind === 'next') waiting.push(...end.steps);
      ran++;
    } catch (thrown) {
      await requeue(context, next, toSluiceError(thrown));
    }
  }
  return ran;
}

/** The failure is noted in the ledger already; the queue brings the step back when its time comes. */
async function requeue(context: WorkerContext, dispatch: StepDispatch, error: SluiceError): Promise<void> {
  const retryInMs = error.facts['retryInMs'];
  context.logger.warn({ batch: dispatch.batch, step: dispatch.step, code: error.code, ...error.facts }, error.message);
  if (error.retry === 'never') return;
  await context.queue.enqueue([stepJob(dispatch, { delayMs: typeof retryInMs === 'number' ? retryInMs : 0 })]);
}

interface StepRun {
  readonly ref: StepRef;
  readonly scratch: BatchScratch;
  readonly handlers: StepHandlers;
  readonly signal: AbortSignal;
}

async function runStep(context: WorkerContext, { ref, scratch, handlers, signal }: StepRun): Promise<StepEnd> {
  const answer = await context.ledger.steps.claim(ref, context.holder, LEASE_MS);
  switch (answer.kind) {
    case 'done':
      return { kind: 'outcome', outcome: { kind: 'skip', reason: 'done before' } };
    case 'closed':
      return { kind: 'outcome', outcome: { kind: 'skip', reason: answer.reason } };
    case 'leased': {
      const delayMs = Math.max(HEARTBEAT_MS / 4, answer.until.getTime() - context.clock.now());
      return { kind: 'outcome', outcome: { kind: 'snooze', delayMs, reason: 'somebody holds it' } };
    }
    case 'claimed': {
      const ran = await runClaimed(context, answer.claim, { ref, scratch, handlers, signal });
      if (ran.kind === 'outcome') return ran;
      if (ref.step === 'check' || (ref.step === 'compact' && ran.steps.length === 0))
        await observeBatch(context, datasetOf(context.config, answer.claim.dataset), {
          batch: ref.batch,
          view: scratch.view,
        });
      return ran;
    }
  }
}

async function runClaimed(
  context: WorkerContext,
  claim: StepClaim,
  { scratch, handlers, signal }: StepRun,
): Promise<StepEnd> {
  try {
    refuseCrashing(claim);
    if (claim.failures > 0) await scratch.spare();
    const batch = await readBatch(context, claim, scratch);
    const steps = await withHeartbeat(context, claim, signal, (alive) =>
      handlers[claim.step](context, {
        claim,
        row: batch.row,
        objects: batch.objects,
        manifest: batch.manifest,
        scratch,
        signal: alive,
      }),
    );
    return { kind: 'next', steps, row: batch.row };
  } catch (thrown) {
    if (isSluiceError(thrown, 'REFERENCE_AWAITED')) return await snooze(context, claim, thrown);
    throw await settleFailure(context, claim, { thrown, scratch, signal });
  }
}

/** Waits without counting a failure. */
async function snooze(
  { clock, ledger }: WorkerContext,
  claim: StepClaim,
  { message, facts }: SluiceError,
): Promise<StepEnd> {
  const delayMs = typeof facts['retryInMs'] === 'number' ? facts['retryInMs'] : backoffDelayMs(0);
  await ledger.steps.handBack(claim, new Date(clock.now() + delayMs));
  return { kind: 'outcome', outcome: { kind: 'snooze', delayMs, reason: message } };
}

/** What the ledger says of the batch: between compact and load it changes nothing that a step reads, so it is read once. */
async function readBatch(
  { ledger }: WorkerContext,
  { batch, step }: StepClaim,
  scratch: BatchScratch,
): Promise<BatchView> {
  const known = scratch.view;
  if (known !== undefined && step !== 'load') return known;
  const view = await ledger.read.batch(batch);
  if (view === undefined) throw new SluiceError('INTERNAL', `expected batch ${batch} in the ledger, got none`);
  if (step !== 'compact') scratch.view = view;
  return view;
}

/** A stall does not count as an attempt of the queue, so a batch that kills its workers is stopped by the ledger's count. */
function refuseCrashing({ batch, step, crashes }: StepClaim): void {
  if (crashes < MAX_CRASHES) return;
  throw new SluiceError(
    'STEP_CRASHED',
    `expected the ${step} of batch ${batch} to let its worker live, got ${crashes} dead workers`,
    { facts: { batch, step, crashes } },
  );
}

interface Failure {
  readonly thrown: unknown;
  readonly scratch: BatchScratch;
  readonly signal: AbortSignal;
}

/** Notes a failure in the ledger, and says when to try again. */
async function settleFailure(
  context: WorkerContext,
  claim: StepClaim,
  { thrown, scratch, signal }: Failure,
): Promise<SluiceError> {
  const error = toSluiceError(signal.aborted && isSluiceError(signal.reason, 'JOB_DEADLINE') ? signal.reason : thrown);
  if (error.code === 'ENGINE_DIED' || error.code === 'ENGINE_TIMEOUT') await scratch.dropSession();
  if (error.code === 'LEASE_LOST') return error;
  const { steps } = context.ledger;
  try {
    if (signal.aborted && !isSluiceError(signal.reason, 'JOB_DEADLINE')) {
      await steps.handBack(claim);
      return new SluiceError('HANDED_BACK', 'the worker is stopping; the step goes back', { cause: thrown });
    }
    const givesUp = isOver(error, claim.failures);
    const retryInMs = backoffDelayMs(claim.failures);
    await steps.fail(
      claim,
      { code: error.code, message: error.message },
      givesUp ? undefined : new Date(context.clock.now() + retryInMs),
    );
    return new SluiceError(error.code, error.message, {
      facts: { ...error.facts, batch: claim.batch, step: claim.step, ...(givesUp ? {} : { retryInMs }) },
      cause: thrown,
    });
  } catch (second) {
    context.logger.warn(
      { batch: claim.batch, step: claim.step, error: toSluiceError(second).message },
      'a failure could not be noted in the ledger; its lease will run out',
    );
    return error;
  }
}
