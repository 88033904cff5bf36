import type { IgnoredCount, Ledger } from '../shared/ledger/port.js';
import type { Output } from './output.js';

/** What came in and became no object: nothing is dropped without a count. */
export interface Asides {
  /** By rule and bucket, the most first. */
  readonly ignored: readonly IgnoredCount[];
  /** Messages of queues that cannot be read, the newest first, without their bodies. */
  readonly parked: readonly {
    readonly queue: string;
    readonly messageId: string;
    readonly code: string;
    readonly reason: string;
  }[];
}

const MAX_PARKED = 100;

/** Reads what was set aside before any work. */
export async function readAsides(ledger: Pick<Ledger, 'read' | 'arrivals'>): Promise<Asides> {
  const [ignored, parked] = await Promise.all([ledger.read.ignored(), ledger.arrivals.parked(MAX_PARKED)]);
  return {
    ignored,
    parked: parked.map(({ queue, messageId, code, reason }) => ({ queue, messageId, code, reason })),
  };
}

/** What was set aside, for people; nothing when there is nothing. */
export function showAsides(output: Output, { ignored, parked }: Asides): void {
  if (ignored.length > 0) {
    output.line();
    output.table(
      ['set aside', 'bucket', 'events', 'for example', 'last'],
      ignored.map(({ rule, bucket, count, sampleKey, lastAt }) => [
        rule,
        bucket,
        count,
        sampleKey,
        lastAt.toISOString().slice(0, 19).replace('T', ' '),
      ]),
    );
  }
  if (parked.length === 0) return;
  output.line();
  output.table(
    ['parked message', 'queue', 'code', 'reason'],
    parked.map(({ messageId, queue, code, reason }) => [messageId, queue, code, reason]),
  );
}
