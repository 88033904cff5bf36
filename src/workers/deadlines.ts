import { setMaxListeners } from 'node:events';
import { SluiceError } from '../shared/errors.js';

/** A job's place under a deadline. */
export interface Deadline {
  /** Aborts with JOB_DEADLINE when the time is over, or as the worker's own signal does. */
  readonly signal: AbortSignal;
  /** To be called once, when the job ended. */
  end(): void;
}

interface Shared extends Deadline {
  readonly deadlineMs: number;
  /** Until then (performance.now) jobs that begin join it. */
  readonly openUntilMs: number;
  jobs: number;
  /** Forgets it, unless a job still counts on it. */
  letGo(): void;
}

/** Jobs that begin within this share of their deadline have it in common: a second of an hour. */
const COMMON_SHARE = 1 / 3600;

/** The deadline that a worker's jobs joined last. */
const newest = new WeakMap<AbortSignal, Shared>();

/**
 * Puts a job under a deadline. Jobs that begin at once share signal, timer and listener: a tenth of an empty job's time. So one that
 * joins ends up to a 3,600th part early. A deadline without jobs is kept only until the next one is opened, and keeps no process alive.
 */
export function joinDeadline(stopping: AbortSignal, deadlineMs: number): Deadline {
  const last = newest.get(stopping);
  const isOpen = last?.deadlineMs === deadlineMs && performance.now() < last.openUntilMs;
  const deadline = isOpen ? last : openDeadline(stopping, deadlineMs);
  deadline.jobs += 1;
  return deadline;
}

function openDeadline(stopping: AbortSignal, deadlineMs: number): Shared {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const timer = setTimeout(() => controller.abort(deadlineError(deadlineMs)), deadlineMs).unref();
  // Not AbortSignal.any: its weak references cost a twelfth of an empty job.
  const onAbort = () => controller.abort(stopping.reason);
  stopping.addEventListener('abort', onAbort, { once: true });
  if (stopping.aborted) onAbort();
  const deadline: Shared = {
    signal: controller.signal,
    deadlineMs,
    openUntilMs: performance.now() + deadlineMs * COMMON_SHARE,
    jobs: 0,
    end() {
      deadline.jobs -= 1;
      if (newest.get(stopping) !== deadline) deadline.letGo();
    },
    letGo() {
      if (deadline.jobs > 0) return;
      clearTimeout(timer);
      stopping.removeEventListener('abort', onAbort);
    },
  };
  const before = newest.get(stopping);
  newest.set(stopping, deadline);
  before?.letGo();
  return deadline;
}

function deadlineError(deadlineMs: number): SluiceError {
  return new SluiceError('JOB_DEADLINE', `expected the job to end within ${deadlineMs / 1000} s, got no end`);
}
