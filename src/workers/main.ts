import { mkdir, rm } from 'node:fs/promises';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import { toSluiceError } from '../shared/errors.js';
import type { Outcome } from '../shared/outcome.js';
import type { WorkerContext } from './context.js';
import { openWorkerMetrics, type WorkerMetrics } from './metrics.js';
import { openPaceNotes, type PaceNotes } from './pace.js';
import { reconcileForever } from './reconciler.js';
import { openHandlers } from './registry.js';
import { runJob } from './runJob.js';

export interface StartWorkerOptions {
  readonly context: WorkerContext;
  /** Default: all. */
  readonly kinds?: readonly JobKind[];
}

export interface RunningWorker {
  /** Stops fetching, waits, hands back what is not done. */
  stop(softMs: number): Promise<void>;
  /** When it last spoke with the queue, ms since 1970. */
  lastSeenMs(): number;
  readonly metrics: WorkerMetrics;
}

/** Starts one worker process's loops: the queue's consumers and the reconciler. */
export async function startWorker({ context, kinds = JOB_KINDS }: StartWorkerOptions): Promise<RunningWorker> {
  await mkdir(context.scratch, { recursive: true });
  const handlers = openHandlers(context);
  const metrics = openWorkerMetrics();
  const pace = openPaceNotes(context.ledger);
  const worker = await context.queue.work({ kinds, concurrency: context.config.worker.concurrency }, (job, signal) =>
    measured({ metrics, pace }, job.kind, () => runJob(job, handlers, { signal, logger: context.logger })),
  );
  const stopping = new AbortController();
  const reconciling = reconcileForever(context, stopping.signal);
  return {
    metrics,
    lastSeenMs: () => worker.lastSeenMs(),
    stop: async (softMs) => {
      stopping.abort();
      await worker.stop(softMs);
      await reconciling;
      await pace.close();
      await rm(context.scratch, { recursive: true, force: true });
    },
  };
}

async function measured(
  { metrics, pace }: { metrics: WorkerMetrics; pace: PaceNotes },
  kind: JobKind,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const outcome = await run();
    metrics.jobEnded(kind, outcome.kind, seconds());
    pace.jobDone(kind, outcome, seconds());
    return outcome;
  } catch (error) {
    metrics.jobEnded(kind, toSluiceError(error).code, seconds());
    throw error;
  }
}
