import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openIntake } from '../../../src/producers/intake.js';
import { routerOf } from '../../../src/producers/main.js';
import { sweepDataset, type SweepOptions } from '../../../src/producers/sources/sweep.js';
import type { Config } from '../../../src/shared/config/config.js';
import { openStore } from '../../../src/shared/stores/open.js';
import type { ObjectStore } from '../../../src/shared/stores/port.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { freshFolder } from '../../support/folders.js';
import { listedStore } from '../../support/listedStore.js';
import { CREDENTIALS, openTestS3 } from '../../support/s3.js';
import { freshLedger, freshQueue, ordersConfig } from '../support.js';

const KEYS = [
  'raw/orders/dt=1/a.csv',
  'raw/orders/dt=1/b.csv',
  'raw/orders/dt=2/c d+e%20.csv',
  'raw/orders/_SUCCESS',
  'raw/orders/.tmp/x.csv',
  'raw/orders/readme.txt',
  'raw/now/other.csv',
  'curated/orders/batch.parquet',
];

async function folderStore(keys: readonly string[]): Promise<ObjectStore> {
  const root = await freshFolder();
  for (const key of keys) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), key);
  }
  return openStore(`file://${root}`).store;
}

async function bucketStore(keys: readonly string[]): Promise<ObjectStore> {
  const { server, bucket, client, close } = await openTestS3();
  onTestFinished(close);
  for (const key of keys) await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
  const { url: endpoint, region } = server;
  return openStore(`s3://${bucket}`, { endpoint, region, forcePathStyle: true, credentials: CREDENTIALS }).store;
}

async function openSweep(store: ObjectStore, config: Config = ordersConfig()) {
  const [ledger, queue] = [await freshLedger(), await freshQueue()];
  const router = routerOf(config, { lake: store, sources: new Map() });
  const intake = openIntake({ ledger, queue, datasets: config.datasets, router, logger: silentLog });
  const dataset = config.datasets.find(({ name }) => name === 'orders')!;
  const sweep = (more: Partial<SweepOptions> = {}) =>
    sweepDataset({ dataset, store, router, intake, ledger: ledger.arrivals, ...more });
  return { ledger, queue, sweep };
}

describe.each([
  ['a folder', folderStore],
  ['an S3 bucket', bucketStore],
])('sweepDataset over %s', (_name, openWith) => {
  it('records what the ledger lacks, tells what it passed over, and finds nothing new the second time', async () => {
    const { ledger, queue, sweep } = await openSweep(await openWith(KEYS));
    const ignored = { ignored: 3, ignoredByRule: { hidden: 2, unrouted: 1 } };
    expect(await sweep()).toEqual({ found: 6, recorded: 3, duplicates: 0, ...ignored });
    const objects = await ledger.objects.list({ limit: 20 });
    expect(objects.map(({ key, dataset, partition }) => `${dataset} ${partition} ${key}`).sort()).toEqual([
      'orders dt=1 raw/orders/dt=1/a.csv',
      'orders dt=1 raw/orders/dt=1/b.csv',
      'orders dt=2 raw/orders/dt=2/c d+e%20.csv',
    ]);
    expect(await queue.counts('plan')).toMatchObject({ delayed: 2 });
    expect(await sweep()).toEqual({ found: 6, recorded: 0, duplicates: 3, ...ignored });
    expect(await ledger.objects.list({ limit: 20 })).toHaveLength(3);
  });
});

const manyKeys = (count: number) =>
  Array.from({ length: count }, (_, index) => `raw/orders/dt=${index % 3}/${String(index).padStart(5, '0')}.csv`);

/** A clock by which a second passes whenever it is asked: every page saves how far it came. */
function hastyClock() {
  let nowMs = Date.parse('2026-02-01T00:00:00Z');
  return { now: () => (nowMs += 1000), sleep: async () => {} };
}

describe('sweepDataset', () => {
  it('tells how far it is after each thousand, stops when it is told to, and goes on from there', async () => {
    const store = listedStore({ keys: manyKeys(4500) });
    const { ledger, sweep } = await openSweep(store);
    const stop = new AbortController();
    const progress: number[] = [];
    const stopped = sweep({
      signal: stop.signal,
      parallel: 1,
      clock: hastyClock(),
      onProgress: ({ recorded }) => {
        progress.push(recorded);
        if (recorded === 2000) stop.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(progress).toEqual([1000, 2000]);
    progress.length = 0;
    const again = sweep({ onProgress: ({ found }) => void progress.push(found) });
    expect(await again).toMatchObject({ found: 4500, recorded: 4500, duplicates: 0 });
    expect(progress.slice(0, 1)).toEqual([3000]);
    expect(await sweep()).toMatchObject({ found: 4500, recorded: 0, duplicates: 4500 });
    expect((await ledger.objects.counts())[0]).toMatchObject({ state: 'arrived', objects: 4500 });
  });

  it('waits until a young object is settled, and records what it became', async () => {
    const root = await freshFolder();
    await mkdir(join(root, 'raw/orders'), { recursive: true });
    await writeFile(join(root, 'raw/orders/a.csv'), 'half');
    const { ledger, sweep } = await openSweep(openStore(`file://${root}`).store);
    const clock = {
      now: () => Date.now(),
      sleep: async () => {
        await writeFile(join(root, 'raw/orders/a.csv'), 'the whole');
        await writeFile(join(root, 'raw/orders/b.csv'), 'too late for this one');
      },
    };
    expect(await sweep({ settleMs: 60_000, clock })).toMatchObject({ found: 1, recorded: 1 });
    expect(await ledger.objects.list({ limit: 5 })).toMatchObject([{ key: 'raw/orders/a.csv', size: 9 }]);
  });
});

describe('a backfill', () => {
  it('records the first so many new objects in the order of their keys, the next ones the next time', async () => {
    const { ledger, sweep } = await openSweep(listedStore({ keys: manyKeys(3000) }));
    const keysNow = async () => (await ledger.objects.list({ limit: 5000 })).map(({ key }) => key).sort();
    expect(await sweep({ backfill: { limit: 1200 } })).toMatchObject({ recorded: 1200, duplicates: 0 });
    expect(await keysNow()).toEqual(manyKeys(3000).sort().slice(0, 1200));
    expect(await sweep({ backfill: { limit: 1200 } })).toMatchObject({ recorded: 1200, duplicates: 1200 });
    expect(await keysNow()).toEqual(manyKeys(3000).sort().slice(0, 2400));
  });

  it('keeps to its prefix, whole or what follows the dataset’s own', async () => {
    const { sweep } = await openSweep(listedStore({ keys: manyKeys(30) }));
    expect(await sweep({ backfill: { prefix: 'raw/orders/dt=1/' } })).toMatchObject({ found: 10, recorded: 10 });
    expect(await sweep({ backfill: { prefix: 'dt=2/' } })).toMatchObject({ found: 10, recorded: 10 });
  });

  it('passes over what is older than it wants, but for a day', async () => {
    const { sweep } = await openSweep(
      listedStore({ keys: manyKeys(3), lastModified: new Date('2026-01-02T12:00:00Z') }),
    );
    expect(await sweep({ backfill: { since: new Date('2026-01-03T13:00:00Z') } })).toMatchObject({ recorded: 0 });
    expect(await sweep({ backfill: { since: new Date('2026-01-03T11:00:00Z') } })).toMatchObject({ recorded: 3 });
  });

  it.each([undefined, 2500])(
    'killed at any page and started again ends as if it had not been (limit %j)',
    async (limit) => {
      const keys = manyKeys(4000);
      const whole = await openSweep(listedStore({ keys }));
      await whole.sweep({ backfill: { limit } });
      const cut = await openSweep(listedStore({ keys, pageSize: 100 }));
      let left = 8;
      for (let tries = 0; ; tries += 1) {
        expect(tries).toBeLessThan(30);
        const stop = new AbortController();
        const onProgress = () => {
          left -= 1;
          if (left <= 0) stop.abort(new Error('killed'));
        };
        const attempt = cut.sweep({ backfill: { limit }, signal: stop.signal, clock: hastyClock(), onProgress });
        const end = await attempt.then(
          () => 'done',
          (error: unknown) => String(error),
        );
        if (end === 'done') break;
        expect(end).toBe('Error: killed');
        left = 5;
      }
      const keysOf = async ({ ledger }: typeof whole) =>
        (await ledger.objects.list({ limit: 5000 }))
          .map(({ key, state, partition }) => `${key} ${state} ${partition}`)
          .sort();
      expect(await keysOf(cut)).toEqual(await keysOf(whole));
      expect(await keysOf(cut)).toHaveLength(limit ?? 4000);
    },
  );
});
