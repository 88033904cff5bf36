import { setMaxListeners } from 'node:events';
import { DelayedError, type Job as BullJob, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { assertNever, SluiceError, toSluiceError } from '../errors.js';
import type { JobKind } from '../jobs/catalogue.js';
import type { Outcome } from '../outcome.js';
import type { Logger } from '../telemetry/log.js';
import { LOCK_DURATION_MS, STALLED_INTERVAL_MS } from './options.js';
import type { JobProcessor, QueueWorker, ReceivedJob, WorkerOptions } from './port.js';

interface StartRequest {
  readonly url: string;
  readonly prefix: string;
  readonly logger: Logger;
  readonly options: WorkerOptions;
  readonly process: JobProcessor;
}

/** How often an idle worker asks Redis for a sign of life. */
const PING_MS = 10_000;

/** Beyond the soft time, how long a stopping worker waits for Redis. */
const HARD_STOP_MS = 5000;

/** Ms to the next try, by the number of tries: 1, 2, 4, ... 60. The error may name its own. */
export function backoffMs(attemptsMade: number, error: unknown): number {
  const named = error instanceof SluiceError ? error.facts['retryInMs'] : undefined;
  return typeof named === 'number' ? named : Math.min(1000 * 2 ** Math.max(0, attemptsMade - 1), 60_000);
}

/** Starts one BullMQ worker a kind; they share one answer to shutdown. */
export async function startWorkers({ url, prefix, logger, options, process }: StartRequest): Promise<QueueWorker> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  connection.on('error', (error: Error) =>
    logger.warn({ error: error.message }, 'Redis does not answer; the worker keeps trying'),
  );
  let seenAt = Date.now();
  const onJob = () => (seenAt = Date.now());
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const parts = { connection, prefix, logger, options, process, onJob, stopping: stopping.signal };
  const workers = options.kinds.map((kind) => openWorker(kind, parts));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const pinging = setInterval(() => {
    if (!workers.every((worker) => worker.isRunning())) return;
    connection.ping().then(
      () => (seenAt = Date.now()),
      () => {},
    );
  }, PING_MS);
  return {
    lastSeenMs: () => seenAt,
    stop: async (softMs) => {
      clearInterval(pinging);
      const closing = Promise.all(workers.map((worker) => worker.close()));
      const soft = setTimeout(() => stopping.abort('shutdown'), softMs);
      await within(softMs + HARD_STOP_MS, closing);
      clearTimeout(soft);
      connection.disconnect();
      await within(HARD_STOP_MS, Promise.all(workers.map((worker) => worker.close(true))));
    },
  };
}

/** Waits for work that a Redis which does not answer would hold for ever; what it leaves, the ledger's leases settle. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}

interface WorkerParts extends Omit<StartRequest, 'url'> {
  readonly connection: Redis;
  readonly onJob: () => void;
  /** Aborts when the jobs that still run are to be handed back. */
  readonly stopping: AbortSignal;
}

function openWorker(
  kind: JobKind,
  { connection, prefix, logger, options, process, onJob, stopping }: WorkerParts,
): Worker {
  const worker = new Worker(
    kind,
    // Two parameters: with a third BullMQ makes a signal a job, a tenth of an empty job's time.
    (job: BullJob, token: string | undefined) => {
      onJob();
      return settle(job, token, () => process(receive(kind, job), stopping));
    },
    {
      connection,
      prefix,
      concurrency: options.concurrency,
      lockDuration: LOCK_DURATION_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: 100,
      settings: {
        backoffStrategy: (attemptsMade: number, _type?: string, error?: Error) => backoffMs(attemptsMade, error),
      },
    },
  );
  worker.on('stalled', () => options.onStalled?.(kind));
  worker.on('error', (error) => logger.warn({ kind, error: error.message }, 'the worker met an error of the queue'));
  return worker;
}

function receive(kind: JobKind, job: BullJob): ReceivedJob {
  const received = { kind, id: job.id ?? '', payload: job.data as unknown, attemptsMade: job.attemptsMade };
  const waitedMs = waitOf(job);
  return waitedMs === undefined ? received : { ...received, waitedMs };
}

/** A job that was moved back or tried again has another delay than the one it was made with. */
function waitOf({ attemptsStarted, processedOn, timestamp, delay }: BullJob): number | undefined {
  if (attemptsStarted > 1 || processedOn === undefined) return undefined;
  return Math.max(0, processedOn - timestamp - delay);
}

/** Turns an outcome or an error into BullMQ's ways of ending a job. The return value stays far under 1 KB. */
async function settle(job: BullJob, token: string | undefined, run: () => Promise<Outcome>): Promise<unknown> {
  try {
    const outcome = await run();
    switch (outcome.kind) {
      case 'done':
        return outcome.summary ?? {};
      case 'skip':
        return { skipped: outcome.reason };
      case 'snooze':
        await job.moveToDelayed(Date.now() + outcome.delayMs, token);
        throw new DelayedError();
      default:
        return assertNever(outcome);
    }
  } catch (thrown) {
    if (thrown instanceof DelayedError) throw thrown;
    const error = toSluiceError(thrown);
    if (error.code === 'HANDED_BACK') {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    if (error.retry === 'never') throw new UnrecoverableError(`${error.code}: ${error.message}`);
    throw error;
  }
}
