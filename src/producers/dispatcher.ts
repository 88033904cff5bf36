import type { Dataset } from '../shared/config/config.js';
import { toSluiceError } from '../shared/errors.js';
import { planJob } from '../shared/jobs/catalogue.js';
import type { PartitionRef, PlanDispatch, PlanLedger } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { Logger } from '../shared/telemetry/log.js';

/** Arrivals of one partition within this time are planned together; a dataset with a shorter `maxWait` waits no longer than that. */
export const DEBOUNCE_MS = 500;

/** An arrival is safe once the ledger has it, so a queue that does not answer may hold the others up for no longer. */
const ENQUEUE_TIMEOUT_MS = 1000;

/** Between two rounds: plans wait longer than this anyway, and partitions under load come together. */
const ROUND_MS = 25;

/** Sees to it that partitions with new objects are planned. */
export interface Dispatcher {
  /** Call after `record` committed. Returns at once: whatever fails here, the reconciler finds the partition in the ledger. */
  dispatch(partitions: readonly PartitionRef[]): void;
  /** Resolves when everything asked for so far is enqueued, or is left to the reconciler. */
  settled(): Promise<void>;
}

export interface DispatcherOptions {
  readonly plans: Pick<PlanLedger, 'dispatch'>;
  readonly queue: Pick<Queue, 'enqueue'>;
  readonly datasets: readonly Dataset[];
  readonly logger: Logger;
}

/**
 * Opens a dispatcher: one round at a time marks all partitions that were asked for since the last one and enqueues their plans. So a
 * sender waits for its objects' commit alone, and what waits here is bounded by the number of partitions.
 */
export function openDispatcher({ plans, queue, datasets, logger }: DispatcherOptions): Dispatcher {
  const delays = new Map(datasets.map(({ name, batch }) => [name, Math.min(batch.maxWaitMs, DEBOUNCE_MS)]));
  const enqueue = (dispatches: readonly PlanDispatch[]) =>
    queue.enqueue(dispatches.map((one) => planJob(one, { delayMs: delays.get(one.dataset) ?? 0 })));
  const tellLedger = openAwayNote(logger, 'the ledger is away; what it recorded is dispatched later');
  const tellQueue = openAwayNote(logger, 'the queue is away; arrivals stand in the ledger and are dispatched later');
  let wanted = new Map<string, PartitionRef>();
  let running: Promise<void> | undefined;
  const run = async () => {
    while (wanted.size > 0) {
      const partitions = [...wanted.values()];
      wanted = new Map();
      const dispatches = await tellLedger(plans.dispatch(partitions));
      if (dispatches !== undefined && dispatches.length > 0) await tellQueue(withTimeout(enqueue(dispatches)));
      if (wanted.size > 0) await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    }
    running = undefined;
  };
  return {
    dispatch(partitions) {
      for (const one of partitions) wanted.set(`${one.dataset}\n${one.partition}`, one);
      if (wanted.size > 0) running ??= run();
    },
    settled: async () => {
      await running;
    },
  };
}

/** Waits for work that may fail; says so once, and once when it works again. */
function openAwayNote(logger: Logger, sentence: string): <T>(work: Promise<T>) => Promise<T | undefined> {
  let isAway = false;
  return async (work) => {
    try {
      const answer = await work;
      if (isAway) logger.info({}, sentence.replace(/ is away.*$/, ' is back'));
      isAway = false;
      return answer;
    } catch (error) {
      if (!isAway) logger.warn({ error: toSluiceError(error).message }, sentence);
      isAway = true;
      return undefined;
    }
  };
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`expected the queue to answer within ${ENQUEUE_TIMEOUT_MS} ms`)),
      ENQUEUE_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // The loser of the race may still fail; it was told of already.
    work.catch(() => {});
  }
}
