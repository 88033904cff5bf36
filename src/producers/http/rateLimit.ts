import type { IncomingMessage } from 'node:http';
import { ipKeyGenerator } from 'express-rate-limit';
import type { Clock } from '../../shared/clock.js';
import { SluiceError } from '../../shared/errors.js';

export interface RateLimitOptions {
  readonly requestsPerSecond: number;
  /** Requests that may come at once after a pause. */
  readonly burst: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** Counts a request of a sender. Throws RATE_LIMITED when the sender is over its rate. */
export type RateLimit = (sender: string) => void;

/** Senders that are remembered; a sender that gives way begins anew with a full burst. */
const MAX_SENDERS = 10_000;

/** A bucket of tokens for each sender, filled by the clock: it costs a request one look-up. */
export function openRateLimit({ requestsPerSecond, burst, clock }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (sender) => {
    const now = clock.now();
    const bucket = buckets.get(sender) ?? { tokens: burst, atMs: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.atMs) / 1000) * requestsPerSecond);
    bucket.atMs = now;
    if (!buckets.has(sender)) forgetOldest(buckets);
    buckets.set(sender, bucket);
    if (bucket.tokens < 1)
      throw new SluiceError('RATE_LIMITED', `expected at most ${requestsPerSecond} requests a second, got more`, {
        facts: { retryAfterS: Math.ceil((1 - bucket.tokens) / requestsPerSecond) },
      });
    bucket.tokens -= 1;
  };
}

function forgetOldest(buckets: Map<string, unknown>): void {
  if (buckets.size < MAX_SENDERS) return;
  for (const sender of buckets.keys()) {
    buckets.delete(sender);
    return;
  }
}

/**
 * The address that a request comes from, as a key for limits: behind `trustProxy` proxies the one that the outermost of them saw, and
 * never what a sender writes into x-forwarded-for itself. IPv6 by its /56, since one sender has at least that.
 */
export function senderAddress({ headers, socket }: IncomingMessage, trustProxy: number): string {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const hops = forwarded.map((hop) => hop.trim()).filter((hop) => hop !== '');
  const seen = trustProxy === 0 ? undefined : hops.at(-trustProxy);
  return ipKeyGenerator((seen ?? socket.remoteAddress ?? '').replace(/^::ffff:/, ''), 56);
}
