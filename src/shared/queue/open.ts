import { type BulkJobOptions, Queue as BullQueue } from 'bullmq';
import { Redis } from 'ioredis';
import { toSluiceError, SluiceError } from '../errors.js';
import { JOB_KINDS, type Job, type JobKind } from '../jobs/catalogue.js';
import { type Logger, silentLog } from '../telemetry/log.js';
import { openMarks } from './marks.js';
import { DEFAULT_PREFIX, jobOptions, MAX_EVENTS } from './options.js';
import type { Attendance, Queue, QueueCounts, Schedule } from './port.js';
import { startWorkers } from './work.js';

export interface OpenQueueOptions {
  readonly url: string;
  /** Prefix of all keys; tests give their own. */
  readonly prefix?: string;
  readonly logger?: Logger;
  /** Open all the same while Redis is away, and go on trying; calls fail with QUEUE_AWAY meanwhile. Default false. */
  readonly mayBeAway?: boolean;
}

/** A queue over Redis, with the BullMQ queues for Bull Board. */
export interface RedisQueue extends Queue {
  readonly bullQueues: readonly BullQueue[];
}

/**
 * Opens the dispatcher. The connection has no offline queue: while Redis is away an enqueue fails at once with
 * QUEUE_AWAY, because the ledger has the work and the reconciler sends it again. Throws QUEUE_AWAY when Redis does not answer, unless it
 * may be away.
 */
export async function openQueue({
  url,
  prefix = DEFAULT_PREFIX,
  logger = silentLog,
  mayBeAway = false,
}: OpenQueueOptions): Promise<RedisQueue> {
  const connection = await connect(url, logger, mayBeAway);
  // BullMQ waits for a connection that was never there, however long that takes.
  const guardReady = <T>(call: () => Promise<T>) =>
    guard(async () => {
      if (connection.status !== 'ready') throw new Error(`a connection that is ${connection.status}`);
      return call();
    });
  const queues = new Map<JobKind, BullQueue>(
    JOB_KINDS.map((kind) => [kind, openBullQueue(kind, connection, prefix, logger)]),
  );
  const epochKey = `${prefix}:epoch`;
  return {
    bullQueues: [...queues.values()],
    enqueue: (jobs) => guardReady(() => addJobs(queues, jobs)),
    work: (options, process) => guard(() => startWorkers({ url, prefix, logger, options, process })),
    schedule: (schedules) => guardReady(() => replaceSchedules(bullQueueOf(queues, 'maintain'), schedules)),
    counts: (kind) => guard(() => readCounts(bullQueueOf(queues, kind))),
    attendance: (kind) => guard(() => readAttendance(bullQueueOf(queues, kind))),
    pause: (kind, isPaused) =>
      guard(() => (isPaused ? bullQueueOf(queues, kind).pause() : bullQueueOf(queues, kind).resume())),
    epoch: () => guard(async () => (await connection.get(epochKey)) ?? undefined),
    setEpoch: (epoch) => guard(async () => (await connection.set(epochKey, epoch, 'NX')) === 'OK'),
    marks: openMarks(connection, prefix, guard),
    flush: () => guard(async () => void (await connection.flushall())),
    close: async () => {
      // What still waits for its first connection would wait on.
      if (connection.status !== 'ready') connection.disconnect();
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}

async function connect(url: string, logger: Logger, mayBeAway: boolean): Promise<Redis> {
  const connection = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 5000,
    connectTimeout: 5000,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2000),
  });
  connection.on('error', (error: Error) => logger.debug({ error: error.message }, 'the connection to Redis failed'));
  try {
    await connection.connect();
    return connection;
  } catch (error) {
    if (mayBeAway) {
      logger.warn({ url: redact(url), error: toSluiceError(error).message }, 'Redis is away; it is tried again');
      return connection;
    }
    connection.disconnect();
    throw new SluiceError(
      'QUEUE_AWAY',
      `expected Redis to answer at ${redact(url)}, got ${toSluiceError(error).message}`,
      {
        facts: { url: redact(url) },
        cause: error,
      },
    );
  }
}

function openBullQueue(kind: JobKind, connection: Redis, prefix: string, logger: Logger): BullQueue {
  const queue = new BullQueue(kind, {
    connection,
    prefix,
    defaultJobOptions: jobOptions(kind),
    streams: { events: { maxLen: MAX_EVENTS } },
  });
  queue.on('error', (error) => logger.debug({ kind, error: error.message }, 'the queue met an error'));
  return queue;
}

async function addJobs(queues: ReadonlyMap<JobKind, BullQueue>, jobs: readonly Job[]): Promise<void> {
  for (const kind of JOB_KINDS) {
    const ofKind = jobs.filter((job) => job.kind === kind);
    if (ofKind.length === 0) continue;
    await bullQueueOf(queues, kind).addBulk(
      ofKind.map((job) => ({ name: job.name, data: job.payload, opts: bulkOptions(job) })),
    );
  }
}

function bulkOptions({ kind, id, delayMs = 0 }: Job): BulkJobOptions {
  return { ...jobOptions(kind), jobId: id, ...(delayMs > 0 ? { delay: delayMs } : {}) };
}

async function replaceSchedules(queue: BullQueue, schedules: readonly Schedule[]): Promise<void> {
  const wanted = new Set(schedules.map(({ id }) => id));
  for (const { key } of await queue.getJobSchedulers()) if (!wanted.has(key)) await queue.removeJobScheduler(key);
  for (const { id, job, everyMs, cron, timezone } of schedules) {
    const repeat = cron === undefined ? { every: everyMs ?? 0 } : { pattern: cron, tz: timezone ?? 'UTC' };
    await queue.upsertJobScheduler(id, repeat, { name: job.name, data: job.payload, opts: jobOptions('maintain') });
  }
}

async function readCounts(queue: BullQueue): Promise<QueueCounts> {
  const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'completed', 'failed');
  const overdue = await queue.getDelayedCount(Date.now());
  return {
    waiting: (counts['wait'] ?? 0) + (counts['prioritized'] ?? 0),
    active: counts['active'] ?? 0,
    delayed: counts['delayed'] ?? 0,
    overdue,
    completed: counts['completed'] ?? 0,
    failed: counts['failed'] ?? 0,
  };
}

async function readAttendance(queue: BullQueue): Promise<Attendance> {
  const [paused, workers] = await Promise.all([queue.isPaused(), queue.getWorkersCount().catch(() => 0)]);
  return { paused, workers };
}

function bullQueueOf(queues: ReadonlyMap<JobKind, BullQueue>, kind: JobKind): BullQueue {
  const queue = queues.get(kind);
  if (queue === undefined) throw new SluiceError('INTERNAL', `expected a queue for ${kind}, got none`);
  return queue;
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError(
      'QUEUE_AWAY',
      `expected Redis to answer, got ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** A URL for people: without user and password. */
function redact(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
