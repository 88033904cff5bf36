import { setMaxListeners } from 'node:events';
import { SluiceError } from '../shared/errors.js';
import type { StepClaim } from '../shared/ledger/port.js';
import type { WorkerContext } from './context.js';

/** How long a silent holder keeps a step. */
export const LEASE_MS = 30_000;
/** How often a holder prolongs its lease. */
export const HEARTBEAT_MS = 10_000;

/** Runs work while prolonging the claim's lease; when the lease is lost the work's signal aborts with LEASE_LOST. */
export async function withHeartbeat<T>(
  context: WorkerContext,
  claim: StepClaim,
  signal: AbortSignal,
  work: (alive: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const timer = setInterval(() => {
    context.ledger.steps.heartbeat(claim, LEASE_MS).then(
      (held) => {
        if (!held)
          lost.abort(
            new SluiceError('LEASE_LOST', `the lease on ${claim.step} of batch ${claim.batch} was taken over`, {
              facts: { batch: claim.batch, step: claim.step },
            }),
          );
      },
      (error: unknown) =>
        context.logger.warn({ batch: claim.batch, error: String(error) }, 'a heartbeat could not be written'),
    );
  }, HEARTBEAT_MS);
  try {
    const alive = AbortSignal.any([signal, lost.signal]);
    // Every fetch of a batch listens.
    setMaxListeners(0, alive);
    return await work(alive);
  } catch (error) {
    if (lost.signal.aborted) throw lost.signal.reason;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
