import { mkdir, rm } from 'node:fs/promises';
import { JOB_KINDS, type JobKind } from '../shared/jobs/catalogue.js';
import type { WorkerContext } from './context.js';
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
}

/** Starts one worker process's loops: the queue's consumers and the reconciler. */
export async function startWorker({ context, kinds = JOB_KINDS }: StartWorkerOptions): Promise<RunningWorker> {
  await mkdir(context.scratch, { recursive: true });
  const handlers = openHandlers(context);
  const worker = await context.queue.work({ kinds, concurrency: context.config.worker.concurrency }, (job, signal) =>
    runJob(job, handlers, { signal, logger: context.logger }),
  );
  const stopping = new AbortController();
  const reconciling = reconcileForever(context, stopping.signal);
  return {
    lastSeenMs: () => worker.lastSeenMs(),
    stop: async (softMs) => {
      stopping.abort();
      await worker.stop(softMs);
      await reconciling;
      await rm(context.scratch, { recursive: true, force: true });
    },
  };
}
