import { SluiceError, toSluiceError } from '../../shared/errors.js';
import type { Marks } from '../../shared/queue/port.js';
import type { Clock } from '../../shared/clock.js';
import type { Logger } from '../../shared/telemetry/log.js';
import type { HmacCheck, SignedRequest } from './hmac.js';

export interface SharedReplaysOptions {
  /** What a process by itself says of a signature. */
  readonly check: HmacCheck;
  readonly marks: Marks;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  /** Told of each signed request that was compared with those of this process alone. */
  readonly onUnshared: () => void;
}

/** As HmacCheck, over all processes of the same Redis. */
export type SharedHmacCheck = (header: string, body: Buffer) => Promise<SignedRequest>;

const IN_WORK = 'in work';
const TAKEN = 'taken';
/** A process that died over a request holds its signature no longer than this: twice the time that a request may take. */
const IN_WORK_MS = 60_000;
/** Twice the tolerance of a signature's time: whatever is older is refused for that. */
const TAKEN_MS = 600_000;
/** A sender waits no longer for Redis; after that it is left alone for a while. */
const ANSWER_MS = 250;
const PAUSE_MS = 5_000;

/**
 * Makes one signature serve once over several intakes: who gets the mark in Redis does the work. While Redis is away each process goes by
 * its own memory: a replay that then reaches another process is taken and found to be known by the ledger.
 */
export function openSharedReplays({ check, marks, clock, logger, onUnshared }: SharedReplaysOptions): SharedHmacCheck {
  let awayUntil = 0;
  const ask = async (signature: string): Promise<string | undefined> => {
    if (clock.now() < awayUntil) return unshared();
    try {
      const before = await withTimeout(marks.take(nameOf(signature), IN_WORK, IN_WORK_MS));
      if (awayUntil > 0) logger.info({}, 'Redis is back: replayed signatures are refused by all processes again');
      awayUntil = 0;
      return before;
    } catch (error) {
      const { message } = toSluiceError(error);
      if (awayUntil === 0)
        logger.warn({ error: message }, 'Redis is away: each process knows its own signatures alone');
      awayUntil = clock.now() + PAUSE_MS;
      return unshared();
    }
  };
  const unshared = () => {
    onUnshared();
    return undefined;
  };
  return async (header, body) => {
    const mine = check(header, body);
    const before = await ask(mine.signature);
    if (before !== undefined) {
      mine.settle(false);
      throw before === TAKEN
        ? new SluiceError('EVENT_REPLAYED', 'expected a signature that was not used yet')
        : new SluiceError('INTAKE_BUSY', 'the same signed request is in work');
    }
    return { ...mine, settle: (isTaken) => settle(mine, isTaken) };
  };

  function settle(mine: SignedRequest, isTaken: boolean): void {
    mine.settle(isTaken);
    if (clock.now() < awayUntil) return;
    const name = nameOf(mine.signature);
    // Nobody waits for it: until it is done the signature is still in work, and refused as well.
    (isTaken ? marks.put(name, TAKEN, TAKEN_MS) : marks.remove(name)).catch(() => {});
  }
}

function nameOf(signature: string): string {
  return `signature:${signature}`;
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`expected Redis to answer within ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
