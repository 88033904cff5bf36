import type { Job, JobKind } from '../jobs/catalogue.js';
import type { Outcome } from '../outcome.js';

/** A job as a worker gets it; the payload is unknown until the catalogue's schema read it. */
export interface ReceivedJob {
  readonly kind: JobKind;
  readonly id: string;
  readonly payload: unknown;
  readonly attemptsMade: number;
  /** From the time it was due to its first start; absent in later ones. */
  readonly waitedMs?: number;
}

/** Answers a job; an error it throws is classified by runJob before it gets here. */
export type JobProcessor = (job: ReceivedJob, signal: AbortSignal) => Promise<Outcome>;

export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /** Delayed jobs whose time has come: nobody promotes them while no worker runs. */
  readonly overdue: number;
  readonly completed: number;
  readonly failed: number;
}

/** Who attends to a queue. */
export interface Attendance {
  /** Its jobs stay where they are, whoever attends. */
  readonly paused: boolean;
  /** Worker processes that are connected; 0 too where Redis does not list its clients. */
  readonly workers: number;
}

export interface WorkerOptions {
  readonly kinds: readonly JobKind[];
  /** Jobs at once, of each kind. */
  readonly concurrency: number;
  /** Told of a job whose worker went silent, in the worker that found it. */
  readonly onStalled?: (kind: JobKind) => void;
}

/** A running consumer. */
export interface QueueWorker {
  /** Stops fetching; waits `softMs` for active jobs, then aborts their signals and hands them back without counting an attempt. */
  stop(softMs: number): Promise<void>;
  /** When a worker last spoke with Redis; liveness rests on it. */
  lastSeenMs(): number;
}

/** A schedule of a maintain job. */
export interface Schedule {
  readonly id: string;
  readonly job: Job<'maintain'>;
  readonly everyMs?: number;
  readonly cron?: string;
  readonly timezone?: string;
}

/** Short texts that all processes share until they expire. Losing them costs no data. Errors: QUEUE_AWAY. */
export interface Marks {
  /** Sets the mark where there is none. Answers what stood there already; undefined: it is the caller's now. */
  take(name: string, value: string, ttlMs: number): Promise<string | undefined>;
  /** Sets the mark, whatever stands there. */
  put(name: string, value: string, ttlMs: number): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The dispatcher. What is lost here costs time, never data. Errors: QUEUE_AWAY. */
export interface Queue {
  enqueue(jobs: readonly Job[]): Promise<void>;
  work(options: WorkerOptions, process: JobProcessor): Promise<QueueWorker>;
  /** Makes the given schedules the only ones; stale ones are removed. */
  schedule(schedules: readonly Schedule[]): Promise<void>;
  counts(kind: JobKind): Promise<QueueCounts>;
  attendance(kind: JobKind): Promise<Attendance>;
  /** Has workers take no more jobs of this kind, or take them again; jobs in work go on. */
  pause(kind: JobKind, isPaused: boolean): Promise<void>;
  /** The epoch: a random text that lives in Redis only. Undefined when Redis lost it (flushed, or new). */
  epoch(): Promise<string | undefined>;
  /** Sets the epoch where there is none; false when somebody else was first. */
  setEpoch(epoch: string): Promise<boolean>;
  readonly marks: Marks;
  /** Forgets every job, for tests and the demo of a lost Redis. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
