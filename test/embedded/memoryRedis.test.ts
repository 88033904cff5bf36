import { type Job, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { EmbeddedRedis } from '../../src/embedded/redis/port.js';
import { startRedis } from '../../src/embedded/redis/startRedis.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { freshPrefix } from '../support/databases.js';

// The queue library on the Redis that runs in this process: what the dispatcher needs of it, with the real client.
const folder = mkdtempSync(join(tmpdir(), 'sluice-memory-'));
let redis: EmbeddedRedis;
beforeAll(async () => {
  redis = await startRedis({ dir: join(folder, 'redis'), kind: 'memory' });
});
afterAll(async () => {
  await redis.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Something to wait for. */
function signal(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

interface Harness {
  readonly queue: Queue;
  readonly events: QueueEvents;
  work(process: (job: Job) => Promise<unknown>): Promise<Worker>;
}

async function harness(): Promise<Harness> {
  const options = { connection: { url: redis.url, maxRetriesPerRequest: null }, prefix: freshPrefix() };
  const queue = new Queue('plan', options);
  const events = new QueueEvents('plan', options);
  await events.waitUntilReady();
  onTestFinished(async () => {
    await events.close();
    await queue.close();
  });
  const work = async (process: (job: Job) => Promise<unknown>) => {
    const worker = new Worker('plan', process, options);
    worker.on('error', () => {});
    onTestFinished(() => worker.close());
    await worker.waitUntilReady();
    return worker;
  };
  return { queue, events, work };
}

test('a job is worked off and its answer comes back', async () => {
  const { queue, events, work } = await harness();
  await work(async ({ data }) => data.n + 1);
  const job = await queue.add('plan', { n: 1 });
  expect(await job.waitUntilFinished(events, 10_000)).toBe(2);
});

test('a job that fails is tried again with backoff, one that cannot be mended is not', async () => {
  const { queue, events, work } = await harness();
  await work(async ({ data, attemptsMade }) => {
    if (data.hopeless) throw new UnrecoverableError('hopeless');
    if (attemptsMade < 2) throw new Error('not yet');
    return attemptsMade;
  });
  const options = { attempts: 5, backoff: { type: 'exponential', delay: 10 } };
  const job = await queue.add('plan', {}, options);
  expect(await job.waitUntilFinished(events, 10_000)).toBe(2);
  const hopeless = await queue.add('plan', { hopeless: true }, options);
  await expect(hopeless.waitUntilFinished(events, 10_000)).rejects.toThrow('hopeless');
  expect((await queue.getJob(hopeless.id ?? ''))?.attemptsMade).toBe(1);
});

test('a delayed job waits, and a repeated id is one job', async () => {
  const { queue, events, work } = await harness();
  const runs: string[] = [];
  await work(async ({ id }) => runs.push(id ?? ''));
  const before = Date.now();
  const [job] = await Promise.all([1, 2, 3].map(() => queue.add('plan', {}, { jobId: 'orders-1', delay: 150 })));
  await job?.waitUntilFinished(events, 10_000);
  expect(Date.now() - before).toBeGreaterThanOrEqual(150);
  expect(runs).toEqual(['orders-1']);
});

test('a schedule makes jobs again and again, and ends when removed', async () => {
  const { queue, work } = await harness();
  const third = signal();
  let runs = 0;
  await work(async () => {
    runs += 1;
    if (runs === 3) third.resolve();
  });
  await queue.upsertJobScheduler('sweep', { every: 100 }, { name: 'plan', data: {} });
  await third.promise;
  expect((await queue.getJobSchedulers()).map(({ key }) => key)).toEqual(['sweep']);
  expect(await queue.removeJobScheduler('sweep')).toBe(true);
  expect(await queue.getJobSchedulers()).toEqual([]);
});

test('a few hundred jobs in one go are each worked off once', async () => {
  const { queue, work } = await harness();
  const seen = new Map<number, number>();
  const all = signal();
  await queue.addBulk(Array.from({ length: 300 }, (_, n) => ({ name: 'plan', data: { n } })));
  await work(async ({ data }) => {
    seen.set(data.n, (seen.get(data.n) ?? 0) + 1);
    if (seen.size === 300) all.resolve();
  });
  await all.promise;
  expect(new Set(seen.values())).toEqual(new Set([1]));
});
