import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../shared/clock.js';
import type { IntakeConfig } from '../../shared/config/config.js';
import type { Pressure } from '../pressure.js';
import { openRateLimit, senderAddress } from './rateLimit.js';

/** What keeps senders from asking too much. */
export interface Limits {
  /** Throws INTAKE_BUSY while more is pending than the configuration allows. */
  requireRoom(): void;
  /** Counts a request of a known sender. Throws RATE_LIMITED. */
  count(sender: string): void;
  /** Counts a refused request of an address and throws its error, or RATE_LIMITED when the address had too many. */
  refuse(request: IncomingMessage, error: unknown): never;
}

export interface LimitsOptions extends Pick<IntakeConfig, 'rateLimit' | 'trustProxy'> {
  readonly pressure: Pressure;
  readonly clock: Pick<Clock, 'now'>;
}

/** Refused requests of one address; guessing secrets at this rate takes for ever. */
const REFUSED = { requestsPerSecond: 10, burst: 100 };

/** Opens the limits of one listener. */
export function openLimits({ rateLimit, trustProxy, pressure, clock }: LimitsOptions): Limits {
  const known = openRateLimit({ ...rateLimit, clock });
  const refused = openRateLimit({ ...REFUSED, clock });
  return {
    requireRoom: () => pressure.require(),
    count: known,
    refuse(request, error) {
      refused(senderAddress(request, trustProxy));
      throw error;
    },
  };
}
