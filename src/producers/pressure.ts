import type { Clock } from '../shared/clock.js';
import type { IntakeConfig } from '../shared/config/config.js';
import { SluiceError } from '../shared/errors.js';
import type { ObjectLedger } from '../shared/ledger/port.js';

/** Whether more may come in. */
export interface Pressure {
  /** Throws INTAKE_BUSY, with `retryAfterS`, while a limit is passed. Costs no statement. */
  require(): void;
  /** Tells how long a commit of the ledger took, in ms. */
  observe(commitMs: number): void;
}

export interface PressureOptions {
  readonly ledger: Pick<ObjectLedger, 'counts'>;
  readonly limits: IntakeConfig['backpressure'];
  readonly clock: Pick<Clock, 'now'>;
}

/** Between two looks at the ledger; senders are told to wait for as long. */
const LOOK_MS = 2_000;

/**
 * Opens the gauge: at most every two seconds, and only while requests come, it reads how much is pending and how long the ledger takes to
 * tell. A ledger that is away is not its business: the requests themselves find out.
 */
export function openPressure({ ledger, limits, clock }: PressureOptions): Pressure {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let slowestMs = 0;
  let excess: string | undefined;
  const look = async () => {
    const startedAt = clock.now();
    const counts = await ledger.counts();
    const pendingBytes = counts
      .filter(({ state }) => state === 'arrived' || state === 'batched')
      .reduce((sum, { bytes }) => sum + bytes, 0);
    excess = excessOf(limits, { pendingBytes, latencyMs: Math.max(slowestMs, clock.now() - startedAt) });
    slowestMs = 0;
  };
  return {
    require() {
      if (clock.now() - lookedAt >= LOOK_MS) {
        lookedAt = clock.now();
        look().catch(() => {
          excess = undefined;
        });
      }
      if (excess !== undefined)
        throw new SluiceError('INTAKE_BUSY', excess, { facts: { retryAfterS: Math.ceil(LOOK_MS / 1000) } });
    },
    observe(commitMs) {
      slowestMs = Math.max(slowestMs, commitMs);
    },
  };
}

function excessOf(
  limits: IntakeConfig['backpressure'],
  { pendingBytes, latencyMs }: { readonly pendingBytes: number; readonly latencyMs: number },
): string | undefined {
  if (pendingBytes > limits.pendingBytes)
    return `expected at most ${limits.pendingBytes} bytes to be pending, got ${pendingBytes}`;
  if (latencyMs > limits.ledgerLatencyMs)
    return `expected the ledger to commit within ${limits.ledgerLatencyMs} ms, got ${Math.round(latencyMs)} ms`;
  return undefined;
}
