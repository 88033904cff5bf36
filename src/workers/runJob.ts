import { SluiceError, toSluiceError } from '../shared/errors.js';
import { JOB_PAYLOADS, type JobKind, type JobPayload } from '../shared/jobs/catalogue.js';
import type { Outcome } from '../shared/outcome.js';
import type { ReceivedJob } from '../shared/queue/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import { joinDeadline } from './deadlines.js';

/** A handler a kind. Every handler may run twice; its docstring says why that is safe. */
export type Handlers = { readonly [K in JobKind]: (payload: JobPayload<K>, signal: AbortSignal) => Promise<Outcome> };

/** Longest time that one job may take, in ms. */
export const JOB_DEADLINE_MS = 60 * 60 * 1000;

/**
 * Runs one job: decode, deadline, handle, classify. Resolves with the outcome; throws a SluiceError whose code decides
 * whether the queue tries again.
 */
export async function runJob(
  job: ReceivedJob,
  handlers: Handlers,
  {
    signal,
    logger,
    deadlineMs = JOB_DEADLINE_MS,
  }: { readonly signal: AbortSignal; readonly logger: Logger; readonly deadlineMs?: number },
): Promise<Outcome> {
  const deadline = joinDeadline(signal, deadlineMs);
  try {
    return await dispatch(job, handlers, deadline.signal);
  } catch (thrown) {
    const error = classify(thrown, signal);
    const facts = { kind: job.kind, job: job.id, code: error.code, ...error.facts };
    if (error.retry === 'never') logger.error(facts, error.message);
    else logger.warn(facts, error.message);
    throw error;
  } finally {
    deadline.end();
  }
}

function dispatch(job: ReceivedJob, handlers: Handlers, signal: AbortSignal): Promise<Outcome> {
  switch (job.kind) {
    case 'plan':
      return handlers.plan(decode('plan', job), signal);
    case 'maintain':
      return handlers.maintain(decode('maintain', job), signal);
    default:
      return handlers[job.kind](decode(job.kind, job), signal);
  }
}

function decode<K extends JobKind>(kind: K, job: ReceivedJob): JobPayload<K> {
  const parsed = JOB_PAYLOADS[kind].safeParse(job.payload);
  if (parsed.success) return parsed.data as JobPayload<K>;
  throw new SluiceError(
    'USAGE',
    `expected a ${kind} job of version 1, got a payload with ${parsed.error.issues.length} fault(s)`,
    { facts: { job: job.id } },
  );
}

/** While the worker stops, whatever a handler throws means: hand the job back. */
function classify(thrown: unknown, signal: AbortSignal): SluiceError {
  const error = toSluiceError(thrown);
  if (!signal.aborted || error.code === 'HANDED_BACK') return error;
  return new SluiceError('HANDED_BACK', 'the worker is stopping; the job goes back to the queue', { cause: thrown });
}
