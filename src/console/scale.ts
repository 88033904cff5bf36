import type { QueueCounts } from '../shared/queue/port.js';

/** How many workers the work at hand asks for, and why. */
export interface ScaleSignal {
  readonly desired: number;
  readonly waiting: number;
  readonly active: number;
  /** Delayed jobs whose time has come: with no worker running nobody promotes them, so they must count as work. */
  readonly overdue: number;
  /** Work that the ledger has open, whether or not Redis knows of it. */
  readonly open: number;
  readonly why: string;
}

/**
 * Workers for the jobs that wait, are overdue or run, at `concurrency` jobs each; none when there is no work. Open work of the ledger that
 * Redis lost still asks for one worker: its reconciler sends it again.
 */
export function decideScale(
  counts: Pick<QueueCounts, 'waiting' | 'active' | 'overdue'>,
  { open, concurrency }: { readonly open: number; readonly concurrency: number },
): ScaleSignal {
  const { waiting, active, overdue } = counts;
  const jobs = waiting + active + overdue;
  const desired = Math.max(Math.ceil(jobs / concurrency), open > 0 ? 1 : 0);
  const why =
    desired === 0
      ? 'no work'
      : jobs > 0
        ? `${jobs} jobs at ${concurrency} a worker`
        : `${open} open in the ledger, none in the queue: one worker sends them again`;
  return { desired, waiting, active, overdue, open, why };
}
