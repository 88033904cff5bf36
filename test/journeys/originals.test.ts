import { afterEach, expect, test } from 'vitest';
import type { ObjectStore, RetireRequest } from '../../src/shared/stores/port.js';
import { silentLog } from '../../src/shared/telemetry/log.js';
import { retireOriginals } from '../../src/workers/maintain/retireOriginals.js';
import { atRest, expectBalanced, orderIds } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (originals: string) => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    originals: ${originals}
    load: [{ target: warehouse, table: orders }]`;

/** Files of two batches, loaded, and a broken one. */
async function open(originals: string): Promise<void> {
  pipeline = await openPipeline({ datasets: orders(originals) });
  await pipeline.put('raw/orders/a.csv', 'id\n1\n2\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id\n3\n');
  await pipeline.put('raw/orders/broken.csv', 'id\n"4\n');
  await pipeline.settled(3);
  await atRest(pipeline);
}

async function keys(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of pipeline.services.lake.list({ prefix: '' })) found.push(...page.map(({ key }) => key));
  return found.filter((key) => !key.startsWith('curated/'));
}

async function retire(store?: ObjectStore) {
  const { ledger } = pipeline.services;
  const [dataset] = pipeline.config.datasets;
  const context = {
    ledger,
    logger: silentLog,
    warehouse: (target: string) => pipeline.services.warehouse(target),
    sourceStore: (name: string) => store ?? pipeline.services.sourceStore(name),
  };
  return retireOriginals(context, dataset!, new AbortController().signal);
}

test('loaded originals are deleted after their grace, once; what was set aside stays, and the audit balances without them', async () => {
  await open('{ after: delete, grace: 0s }');
  expect(await retire()).toMatchObject({ unbalanced: 0, objects: 2 });
  expect(await keys()).toEqual(['raw/orders/broken.csv']);
  expect(await retire()).toEqual({ batches: 0, unbalanced: 0, objects: 0 });
  expect(await orderIds(pipeline)).toEqual([1, 2, 3]);
  await expectBalanced(pipeline);
});

test('within its grace an original is not touched, nor is one that is to be kept', async () => {
  await open('{ after: delete, grace: 1h }');
  expect(await retire()).toEqual({ batches: 0, unbalanced: 0, objects: 0 });
  expect(await keys()).toHaveLength(3);
});

test('the originals of a batch that does not balance are never touched; those of others are', async () => {
  await open('{ after: move, grace: 0s }');
  await pipeline.query('DELETE FROM orders WHERE id = 2');
  expect(await retire()).toMatchObject({ unbalanced: 1, objects: 1 });
  expect(await keys()).toEqual(['_originals/raw/orders/b.csv', 'raw/orders/a.csv', 'raw/orders/broken.csv']);
  expect(await retire()).toMatchObject({ batches: 1, unbalanced: 1, objects: 0 });
});

test('a newer version of a key is left alone', async () => {
  await open('{ after: delete, grace: 0s }');
  await pipeline.put('raw/orders/a.csv', 'id\n9\n');
  await pipeline.settled(4);
  await atRest(pipeline);
  await retire();
  expect(await keys()).toEqual(['raw/orders/a.csv', 'raw/orders/broken.csv']);
});

test('killed at any request to the store, the next run ends the work: every original is moved once and whole', async () => {
  await open('{ after: move, grace: 0s }');
  const store = pipeline.services.sourceStore('orders');
  const killed = (after: number, isDone: boolean): ObjectStore => {
    let calls = 0;
    const retireOne = async (request: RetireRequest) => {
      calls += 1;
      if (calls <= after) return store.retire(request);
      if (isDone) await store.retire(request);
      throw new Error('killed');
    };
    return { ...pick(store), retire: retireOne };
  };
  for (const [after, isDone] of [
    [0, false],
    [0, true],
    [1, true],
  ] as const) {
    await retire(killed(after, isDone)).catch(() => {});
  }
  await retire();
  expect(await retire()).toEqual({ batches: 0, unbalanced: 0, objects: 0 });
  expect(await keys()).toEqual(['_originals/raw/orders/a.csv', '_originals/raw/orders/b.csv', 'raw/orders/broken.csv']);
  await expectBalanced(pipeline);
});

function pick(store: ObjectStore): ObjectStore {
  return {
    bucket: store.bucket,
    uri: (key) => store.uri(key),
    list: (request) => store.list(request),
    head: (key, signal) => store.head(key, signal),
    getToFile: (request) => store.getToFile(request),
    putFile: (request) => store.putFile(request),
    delete: (all, signal) => store.delete(all, signal),
    tag: (key, tags, signal) => store.tag(key, tags, signal),
    retire: (request) => store.retire(request),
  };
}
