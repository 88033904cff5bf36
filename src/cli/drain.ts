import type { Ledger } from '../shared/ledger/port.js';
import type { RedisQueue } from '../shared/queue/open.js';
import { systemClock } from '../shared/clock.js';
import { planJob } from '../shared/jobs/catalogue.js';

/** How work ended: everything done, or what needs a person. */
export interface DrainReport {
  /** Steps that gave up; `sluice batches` names them. */
  readonly failedSteps: number;
  /** Batches that a failed check holds back. */
  readonly heldBatches: number;
}

const POLL_MS = 100;
const PROBE_MS = 5000;

/**
 * Waits until the ledger has no unfinished work of these datasets, closing their batches at once. A running worker of this
 * or another process does the work. Rejects with the signal's reason when it aborts.
 */
export async function drain(
  { ledger, queue }: { readonly ledger: Ledger; readonly queue: RedisQueue },
  {
    datasets,
    signal,
    probe = async () => {},
  }: {
    readonly datasets: readonly string[];
    readonly signal: AbortSignal;
    /** Asked every few seconds; throws when a service that the work needs is away. */
    readonly probe?: () => Promise<void>;
  },
): Promise<DrainReport> {
  await closeBatches(ledger, queue, datasets);
  let closedAt = systemClock.now();
  let probedAt = closedAt;
  for (;;) {
    if (systemClock.now() - probedAt > PROBE_MS) {
      await probe();
      probedAt = systemClock.now();
    }
    const backlog = (await ledger.recovery.backlog()).filter(({ dataset }) => datasets.includes(dataset));
    const pending = sum(backlog.map((row) => row.pending));
    const open = sum(backlog.map((row) => row.openSteps));
    if (pending === 0 && open === 0) {
      return {
        failedSteps: sum(backlog.map((row) => row.failedSteps)),
        heldBatches: sum(backlog.map((row) => row.heldBatches)),
      };
    }
    if (pending > 0 && open === 0 && systemClock.now() - closedAt > 1000) {
      await closeBatches(ledger, queue, datasets);
      closedAt = systemClock.now();
    }
    await systemClock.sleep(POLL_MS, signal);
  }
}

async function closeBatches(ledger: Ledger, queue: RedisQueue, datasets: readonly string[]): Promise<void> {
  const plans = await ledger.recovery.pendingPartitions(datasets);
  await queue.enqueue(plans.map((plan) => planJob(plan, { closeNow: true })));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, next) => total + next, 0);
}
