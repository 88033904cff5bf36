import type { CatalogueEntry } from './entry.js';

/** Errors of steps, their leases and shutdown. */
export const STEP_ERRORS = {
  LEASE_LOST: { retry: 'snooze', exit: 1, mend: 'Another worker took the step over; its result stands.' },
  CUSTODY_MOVED: {
    retry: 'backoff',
    exit: 1,
    mend: 'Another batch settled a version or a copy of an object at the same moment; the step looks again.',
  },
  REFERENCE_AWAITED: {
    retry: 'snooze',
    exit: 1,
    mend: 'The dataset that a check of this one refers to has files under way; the step waits for them, at most half an hour.',
  },
  JOB_DEADLINE: {
    retry: 'backoff',
    exit: 1,
    mend: 'The step took too long; make its batches smaller (batch.targetBytes) or give the worker more.',
  },
  STEP_CRASHED: {
    retry: 'never',
    exit: 1,
    mend: 'Workers died in this step again and again (out of memory?); lower batch.targetBytes, then `sluice run` tries it again.',
  },
  HANDED_BACK: { retry: 'snooze', exit: 1, mend: 'The worker is shutting down; the step goes back to the queue.' },
} as const satisfies Record<string, CatalogueEntry>;
