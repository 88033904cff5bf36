import type { JobsOptions } from 'bullmq';
import type { JobKind } from '../jobs/catalogue.js';

/** Keys of all queues share this hash tag, so that they live in one slot of a Redis Cluster. */
export const DEFAULT_PREFIX = '{sluice}';

/** A worker's lock on its job. Losing it costs a second, harmless start: the ledger's lease decides. */
export const LOCK_DURATION_MS = 60_000;
export const STALLED_INTERVAL_MS = 15_000;

/** Events are for dashboards only; a long stream fills Redis (a `completed` event carries the whole return value). */
export const MAX_EVENTS = 1000;

/** A job heavier than this carries data, which belongs in the lake. */
export const MAX_JOB_BYTES = 1024;

const DAY_SECONDS = 86_400;

/** How often, and how long ended jobs are kept for people to look at. The ledger keeps the truth. */
export function jobOptions(kind: JobKind): JobsOptions {
  return {
    attempts: kind === 'maintain' ? 3 : 1000,
    backoff: { type: 'custom' },
    removeOnComplete: { count: 1000 },
    removeOnFail: { count: 5000, age: 7 * DAY_SECONDS },
    sizeLimit: MAX_JOB_BYTES,
  };
}
