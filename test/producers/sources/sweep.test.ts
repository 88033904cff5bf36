import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openIntake } from '../../../src/producers/intake.js';
import { routerOf } from '../../../src/producers/main.js';
import { type SweepReceipt, sweepDataset } from '../../../src/producers/sources/sweep.js';
import type { Config } from '../../../src/shared/config/config.js';
import { openStore } from '../../../src/shared/stores/open.js';
import type { ObjectStore } from '../../../src/shared/stores/port.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { freshFolder } from '../../support/folders.js';
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
  const sweep = (more: { signal?: AbortSignal; onProgress?: (soFar: SweepReceipt) => void } = {}) =>
    sweepDataset({ dataset, store, router, intake, ...more });
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

describe('sweepDataset', () => {
  it('tells how far it is after each thousand, and stops at the next when it is told to', async () => {
    const keys = Array.from({ length: 2500 }, (_, index) => `raw/orders/${String(index).padStart(4, '0')}.csv`);
    const { ledger, sweep } = await openSweep(await folderStore(keys));
    const stop = new AbortController();
    const progress: number[] = [];
    const stopped = sweep({
      signal: stop.signal,
      onProgress: ({ recorded }) => {
        progress.push(recorded);
        stop.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(progress).toEqual([1000]);
    expect(await sweep()).toMatchObject({ found: 2500, recorded: 1500, duplicates: 1000 });
    expect((await ledger.objects.counts())[0]).toMatchObject({ state: 'arrived', objects: 2500 });
  });
});
