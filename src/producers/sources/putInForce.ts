import type { Clock } from '../../shared/clock.js';
import { toSluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';

/** How often a queue that is away is tried again. */
const RETRY_MS = 5000;

/** Schedules that are being put in force. */
export interface Enforcing {
  /** Resolves after the first try, whatever came of it. */
  readonly tried: Promise<void>;
  /** Gives up, and resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** Applies schedules, again and again until it is done once: the queue may be away while intake starts. Said once, not at every try. */
export function putInForce(
  apply: () => Promise<void>,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
): Enforcing {
  const stop = new AbortController();
  const attempt = () =>
    apply().then(
      () => undefined,
      (error: unknown) => toSluiceError(error).message,
    );
  const first = attempt();
  const done = first.then(async (fault) => {
    if (fault === undefined) return;
    logger.warn({ error: fault }, 'the queue is away; schedules are put in force when it is back');
    for (let wrong: string | undefined = fault; wrong !== undefined && !stop.signal.aborted;) {
      await clock.sleep(RETRY_MS, stop.signal).catch(() => {});
      if (stop.signal.aborted) return;
      wrong = await attempt();
    }
    logger.info({}, 'the queue is back; schedules are in force');
  });
  return {
    tried: first.then(() => undefined),
    async close() {
      stop.abort();
      await done;
    },
  };
}
