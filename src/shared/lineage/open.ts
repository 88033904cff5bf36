import { toSluiceError } from '../errors.js';
import type { Logger } from '../telemetry/log.js';
import type { Lineage, LineageTransport, RunEvent } from './port.js';

export interface OpenLineageOptions {
  readonly transport: LineageTransport;
  readonly logger: Logger;
  /** Events that wait at most. Default 1,000. */
  readonly capacity?: number;
  /** How long close sends what waits, in ms. Default 2,000. */
  readonly closeMs?: number;
}

/** At most one warning in this time, in ms. */
const WARN_EVERY_MS = 60_000;

/**
 * Opens the emitter: a bounded queue that one loop sends from, one event after the other and in order. A server that is slow or away costs events,
 * never time of a job: what does not fit is dropped, what fails is not sent again, and both are counted.
 */
export function openLineage({ transport, logger, capacity = 1000, closeMs = 2000 }: OpenLineageOptions): Lineage {
  const waiting: (() => RunEvent | Promise<RunEvent>)[] = [];
  let [lost, warnedAt] = [0, -WARN_EVERY_MS];
  let sending: Promise<void> | undefined;
  const lose = (reason: string) => {
    lost += 1;
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    logger.warn({ lost, reason }, 'lineage events were lost; the work goes on without them');
  };
  const send = async () => {
    // A turn of the loop later: what emits goes on first.
    await Promise.resolve();
    for (let build = waiting.shift(); build !== undefined; build = waiting.shift()) {
      try {
        await transport.send(await build());
      } catch (error) {
        lose(toSluiceError(error).message);
      }
    }
    sending = undefined;
  };
  return {
    emit: (build) => {
      if (waiting.length >= capacity) return lose('the queue is full');
      waiting.push(build);
      sending ??= send();
    },
    lost: () => lost,
    close: async () => {
      const patience = new Promise((resolve) => setTimeout(resolve, closeMs).unref());
      await Promise.race([sending, patience]);
      for (const _ of waiting.splice(0)) lose('the worker ended');
    },
  };
}
