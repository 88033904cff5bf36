import { afterEach, expect, inject, test } from 'vitest';
import { SluiceError } from '../../../src/shared/errors.js';
import { type Job, maintainJob } from '../../../src/shared/jobs/catalogue.js';
import type { Outcome } from '../../../src/shared/outcome.js';
import { openQueue, type RedisQueue } from '../../../src/shared/queue/open.js';
import type { JobProcessor, QueueWorker } from '../../../src/shared/queue/port.js';
import { brittleProxy } from '../../support/brittleProxy.js';
import { freshPrefix } from '../../support/databases.js';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const service of open.splice(0).toReversed()) await service.close();
});

async function freshQueue(): Promise<RedisQueue> {
  const queue = await openQueue({ url: inject('redisUrl'), prefix: freshPrefix() });
  open.push(queue);
  return queue;
}

async function workOn(queue: RedisQueue, process: JobProcessor): Promise<QueueWorker> {
  const worker = await queue.work({ kinds: ['plan'], concurrency: 4 }, process);
  open.push({ close: () => worker.stop(0) });
  return worker;
}

function job(id: string): Job<'plan'> {
  return { kind: 'plan', id, name: 'orders', payload: { v: 1, dataset: 'orders', partition: '', dispatch: 1 } };
}

/** Resolves when `count` calls were seen. */
function countedProcessor(count: number, answer: (call: number) => Outcome | Promise<Outcome>) {
  let calls = 0;
  let finish = () => {};
  const reached = new Promise<void>((resolve) => (finish = resolve));
  const process: JobProcessor = async (_job, _signal) => {
    calls++;
    const mine = calls;
    if (mine >= count) setImmediate(finish);
    return answer(mine);
  };
  return { process, reached, calls: () => calls };
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a job is processed once although it is enqueued three times', async () => {
  const queue = await freshQueue();
  await Promise.all([1, 2, 3].map(() => queue.enqueue([job('plan-a-1')])));
  const seen = countedProcessor(1, () => ({ kind: 'done' }));
  await workOn(queue, seen.process);
  await until(async () => (await queue.counts('plan')).completed === 1);
  expect(seen.calls()).toBe(1);
});

test('an error that allows it is tried again after the time it names; another fails for good', async () => {
  const queue = await freshQueue();
  const seen = countedProcessor(2, (call) => {
    if (call === 1) throw new SluiceError('STORE_AWAY', 'expected an answer, got none', { facts: { retryInMs: 20 } });
    throw new SluiceError('OBJECT_CORRUPT', 'expected bytes, got noise');
  });
  await queue.enqueue([job('plan-b-1')]);
  await workOn(queue, seen.process);
  await until(async () => (await queue.counts('plan')).failed === 1);
  expect(seen.calls()).toBe(2);
});

test('a snoozed job comes back without counting an attempt', async () => {
  const queue = await freshQueue();
  const attempts: number[] = [];
  const seen = countedProcessor(2, (call) =>
    call === 1 ? { kind: 'snooze', delayMs: 20, reason: 'leased' } : { kind: 'done' },
  );
  await queue.enqueue([job('plan-c-1')]);
  await workOn(queue, (received, signal) => {
    attempts.push(received.attemptsMade);
    return seen.process(received, signal);
  });
  await until(async () => (await queue.counts('plan')).completed === 1);
  expect(attempts).toEqual([0, 0]);
});

test('a stopping worker hands its job back at once, and another takes it', async () => {
  const queue = await freshQueue();
  let started = () => {};
  const running = new Promise<void>((resolve) => (started = resolve));
  await queue.enqueue([job('plan-d-1')]);
  const first = await queue.work({ kinds: ['plan'], concurrency: 1 }, (_job, signal) => {
    started();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new SluiceError('HANDED_BACK', 'stopping')));
    });
  });
  await running;
  await first.stop(10);
  expect((await queue.counts('plan')).waiting).toBe(1);
  const attempts: number[] = [];
  await workOn(queue, async (received, _signal) => {
    attempts.push(received.attemptsMade);
    return { kind: 'done' };
  });
  await until(async () => (await queue.counts('plan')).completed === 1);
  expect(attempts).toEqual([0]);
});

test('schedules become the only ones', async () => {
  const queue = await freshQueue();
  const schedule = (id: string) => ({ id, job: maintainJob('sweep', 'orders', id), everyMs: 3_600_000 });
  await queue.schedule([schedule('one'), schedule('two')]);
  await queue.schedule([schedule('two'), { ...schedule('three'), cron: '0 3 * * *', timezone: 'Europe/Berlin' }]);
  const maintain = queue.bullQueues.find(({ name }) => name === 'maintain');
  expect((await maintain?.getJobSchedulers())?.map(({ key }) => key).toSorted()).toEqual(['three', 'two']);
});

test('the epoch is set once and lost with a flush', async () => {
  const queue = await freshQueue();
  expect(await queue.epoch()).toBeUndefined();
  expect(await queue.setEpoch('first')).toBe(true);
  expect(await queue.setEpoch('second')).toBe(false);
  expect(await queue.epoch()).toBe('first');
});

test('a job that carries data is refused', async () => {
  const queue = await freshQueue();
  const heavy = {
    ...job('plan-e-1'),
    payload: { v: 1 as const, dataset: 'x'.repeat(2000), partition: '', dispatch: 1 },
  };
  await expect(queue.enqueue([heavy])).rejects.toThrow(/size/);
});

test('a Redis that is not there is named', async () => {
  await expect(openQueue({ url: 'redis://user:secret@127.0.0.1:1' })).rejects.toMatchObject({
    code: 'QUEUE_AWAY',
    message: expect.not.stringContaining('secret'),
  });
});

test.each(['cut', 'stall'] as const)(
  'a worker whose Redis is gone (%s) stops all the same, in the midst of a job',
  async (how) => {
    const way = await brittleProxy(inject('redisUrl'));
    const prefix = freshPrefix();
    const queue = await openQueue({ url: way.url, prefix });
    open.push(queue);
    let aborted = false;
    let begin = () => {};
    const began = new Promise<void>((resolve) => (begin = resolve));
    const worker = await queue.work({ kinds: ['plan'], concurrency: 1 }, (_job, signal) => {
      begin();
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(new SluiceError('HANDED_BACK', 'the worker is stopping'));
        }),
      );
    });
    await queue.enqueue([job('plan-a-1')]);
    await began;
    if (how === 'cut') await way.cut();
    else way.stall();
    await worker.stop(50);
    expect(aborted).toBe(true);
  },
);

test('a queue that may be away opens without Redis, fails at once, works when Redis comes, and closes without it', async () => {
  const proxy = await brittleProxy(inject('redisUrl'));
  await proxy.cut();
  const open = () => openQueue({ url: proxy.url, prefix: freshPrefix(), mayBeAway: true });
  const [queue, other] = [await open(), await open()];
  await expect(queue.enqueue([])).rejects.toMatchObject({ code: 'QUEUE_AWAY' });
  await expect(queue.schedule([])).rejects.toMatchObject({ code: 'QUEUE_AWAY' });
  await expect(queue.marks.take('a', 'b', 1000)).rejects.toMatchObject({ code: 'QUEUE_AWAY' });
  await other.close();
  await proxy.mend();
  await expect.poll(() => queue.enqueue([]).then(() => 'sent', String)).toBe('sent');
  expect(await queue.marks.take('a', 'b', 1000)).toBeUndefined();
  expect(await queue.marks.take('a', 'c', 1000)).toBe('b');
  await queue.close();
});
