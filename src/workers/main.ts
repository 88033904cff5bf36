import { mkdir, rm } from 'node:fs/promises';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import { toSluiceError } from '../shared/errors.js';
import type { Outcome } from '../shared/outcome.js';
import type { ReceivedJob } from '../shared/queue/port.js';
import type { WorkerContext } from './context.js';
import { deliverForever } from './deliverAlerts.js';
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
  const { config, engine, scratch, lake, sourceStore } = context;
  await mkdir(scratch, { recursive: true });
  const metrics = openWorkerMetrics({ datasets: config.datasets, engine, scratch });
  const handlers = openHandlers({
    ...context,
    meter: metrics.steps,
    lake: metrics.metered(lake, 'lake'),
    sourceStore: (dataset) => metrics.metered(sourceStore(dataset), 'source'),
  });
  const pace = openPaceNotes(context.ledger);
  const worker = await context.queue.work(
    { kinds, concurrency: config.worker.concurrency, onStalled: (kind) => metrics.jobStalled(kind) },
    (job, signal) => measured({ metrics, pace }, job, () => runJob(job, handlers, { signal, logger: context.logger })),
  );
  const stopping = new AbortController();
  const reconciling = reconcileForever(context, stopping.signal);
  const delivering = deliverForever(context, stopping.signal);
  return {
    metrics,
    lastSeenMs: () => worker.lastSeenMs(),
    stop: async (softMs) => {
      stopping.abort();
      await worker.stop(softMs);
      await Promise.all([reconciling, delivering]);
      await pace.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function measured(
  { metrics, pace }: { metrics: WorkerMetrics; pace: PaceNotes },
  { kind, waitedMs }: ReceivedJob,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  if (waitedMs !== undefined) metrics.jobBegan(kind, waitedMs / 1000);
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
