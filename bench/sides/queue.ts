import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { StepDispatch } from '../../src/shared/ledger/port.js';
import { newBatchId } from '../../src/shared/ids.js';
import { stepJob } from '../../src/shared/jobs/catalogue.js';
import type { Outcome } from '../../src/shared/outcome.js';
import { openQueue } from '../../src/shared/queue/open.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { type Handlers, runJob } from '../../src/workers/runJob.js';
import { type Args, numberOf, type OpenSide, textOf } from '../harness/side.js';

const CONCURRENCY = 50;

function jobsOf(count: number) {
  return Array.from({ length: count }, () => {
    const batch = newBatchId(Date.now());
    const dispatch: StepDispatch = { batch, step: 'check', target: '', table: '', dataset: 'orders', dispatch: 1 };
    return stepJob(dispatch);
  });
}

/** Jobs through the product's queue and runJob, to a handler that does nothing. */
export async function sluice(args: Args): Promise<OpenSide> {
  const jobs = numberOf(args, 'jobs');
  const options = { url: textOf(args, 'redisUrl'), prefix: `{s${process.pid}}` };
  const queue = await openQueue(options);
  for (let sent = 0; sent < jobs; sent += 1000) await queue.enqueue(jobsOf(Math.min(1000, jobs - sent)));
  collectGarbage();
  let done = 0;
  const nothing = async (): Promise<Outcome> => ({ kind: 'done' });
  const handlers: Handlers = {
    plan: nothing,
    compact: nothing,
    profile: nothing,
    skew: nothing,
    check: nothing,
    load: nothing,
    maintain: nothing,
  };
  const run = async () => {
    const worker = await queue.work({ kinds: ['check'], concurrency: CONCURRENCY }, async (job, signal) => {
      const outcome = await runJob(job, handlers, { signal, logger: silentLog });
      done++;
      return outcome;
    });
    await until(() => done >= jobs);
    await worker.stop(1000);
    return { units: done };
  };
  return {
    run,
    digest: async () => ({ done, waiting: (await queue.counts('check')).waiting }),
    close: () => queue.close(),
  };
}

/** The same jobs in a BullMQ worker that does nothing. */
export async function bare(args: Args): Promise<OpenSide> {
  const jobs = numberOf(args, 'jobs');
  const connection = new Redis(textOf(args, 'redisUrl'), { maxRetriesPerRequest: null });
  const prefix = `{b${process.pid}}`;
  const queue = new Queue('check', { connection, prefix, streams: { events: { maxLen: 1000 } } });
  for (let sent = 0; sent < jobs; sent += 1000) {
    await queue.addBulk(
      jobsOf(Math.min(1000, jobs - sent)).map(({ name, payload }) => ({
        name,
        data: payload,
        opts: { removeOnComplete: { count: 1000 } },
      })),
    );
  }
  collectGarbage();
  let done = 0;
  const run = async () => {
    const worker = new Worker('check', async () => void done++, { connection, prefix, concurrency: CONCURRENCY });
    await until(() => done >= jobs);
    await worker.close();
    return { units: done };
  };
  const close = async () => {
    await queue.close();
    connection.disconnect();
  };
  return { run, digest: async () => ({ done, waiting: await queue.getWaitingCount() }), close };
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Jobs are made in another process than they are worked in: what their making left behind is no worker's cost, on either side. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
