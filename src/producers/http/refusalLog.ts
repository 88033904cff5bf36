import type { Clock } from '../../shared/clock.js';
import type { SluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';

/** Tells of refused requests without letting a busy sender fill the log. */
export interface RefusalLog {
  /** Logs the first of its source and code, then at most one a minute, with the number of those between. */
  tell(source: string, error: SluiceError, isOurs: boolean): void;
}

const QUIET_MS = 60_000;

/** Opens a refusal log. Sources and codes are few, so what it remembers is small. */
export function openRefusalLog(logger: Logger, clock: Pick<Clock, 'now'>): RefusalLog {
  const known = new Map<string, { toldAt: number; since: number }>();
  return {
    tell(source, error, isOurs) {
      const kind = `${source} ${error.code}`;
      const before = known.get(kind);
      if (before !== undefined && clock.now() - before.toldAt < QUIET_MS) {
        before.since += 1;
        return;
      }
      known.set(kind, { toldAt: clock.now(), since: 0 });
      const facts = { source, code: error.code, error: error.message, alsoSince: before?.since ?? 0 };
      if (isOurs) logger.error(facts, 'events were not taken');
      else logger.warn(facts, 'events were refused');
    },
  };
}
