import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { auditDatasets } from '../../src/cli/audit.js';
import { startWorker } from '../../src/workers/main.js';
import { atRest, expectBalanced, orderIds } from '../support/accounts.js';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (settings: string) => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
${settings}`;

const KEY = 'raw/orders/a.csv';
const [A, B, C] = ['id\n1\n2\n', 'id\n3\n', 'id\n4\n5\n6\n'];

async function ids(): Promise<readonly unknown[]> {
  return orderIds(pipeline);
}

/** State and code of every object, the oldest first. */
async function states(): Promise<string[]> {
  const objects = await pipeline.services.ledger.objects.list({ limit: 100 });
  return objects.toReversed().map(({ state, code }) => (code === undefined ? state : `${state} ${code}`));
}

test('a key that is overwritten keeps its first rows, and the newer version waits in quarantine', async () => {
  pipeline = await openPipeline({ datasets: orders('') });
  await pipeline.put(KEY, A);
  await pipeline.settled(1);
  await pipeline.put(KEY, B);
  await pipeline.settled(2);
  expect(await states()).toEqual(['loaded', 'quarantined OBJECT_OVERWRITTEN']);
  expect(await ids()).toEqual([1, 2]);
  await expectBalanced(pipeline);
});

test('content A, B, A again are three objects: by event, by a listing that heals a lost event, each once', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: replace\n') });
  const context = pipeline.services.workerContext();
  const sweep = () => context.sweep(pipeline.config.datasets[0]!, new AbortController().signal);
  for (const [round, body] of [A, B, A].entries()) {
    await pipeline.put(KEY, body);
    await pipeline.settled(round + 1);
  }
  await pipeline.until(async () => (await states()).join() === 'superseded,superseded,loaded');
  expect(await ids()).toEqual([1, 2]);
  expect((await sweep()).recorded).toBe(0);
  const late = createdRecord(KEY, await pipeline.put('raw/other.csv', B), B.length);
  expect(await (await postRecords(pipeline.intakeUrl, TOKEN, [late, late])).json()).toMatchObject({ accepted: 0 });
  expect(await states()).toHaveLength(3);
  await expectBalanced(pipeline);
});

test('a return that no event announced is found by the sweep, and is one object with its late event', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: replace\n'), notify: false });
  const context = pipeline.services.workerContext();
  const sweep = () => context.sweep(pipeline.config.datasets[0]!, new AbortController().signal);
  for (const [round, body] of [A, B].entries()) {
    await pipeline.put(KEY, body);
    expect((await sweep()).recorded).toBe(1);
    await pipeline.settled(round + 1);
  }
  const eTag = await pipeline.put(KEY, A);
  expect((await sweep()).recorded).toBe(1);
  await pipeline.settled(3);
  const event = createdRecord(KEY, eTag, A.length);
  expect(await (await postRecords(pipeline.intakeUrl, TOKEN, [event])).json()).toMatchObject({
    accepted: 0,
    duplicates: 1,
  });
  expect((await sweep()).recorded).toBe(0);
  await pipeline.until(async () => (await states()).join() === 'superseded,superseded,loaded');
  expect(await ids()).toEqual([1, 2]);
});

test('replace loads each newer version in the place of the older one, also where it has no rows', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: replace\n') });
  await pipeline.put('raw/orders/other.csv', 'id\n7\n');
  await pipeline.put(KEY, A);
  await pipeline.settled(2);
  await pipeline.put(KEY, C);
  await pipeline.until(async () => (await ids()).join() === '4,5,6,7');
  await pipeline.put(KEY, 'id\n');
  await pipeline.until(async () => (await ids()).join() === '7');
  await pipeline.settled(4);
  await pipeline.until(async () => (await states()).filter((state) => state === 'superseded').length === 2);
  await expectBalanced(pipeline);
  const { objects } = await auditDatasets(pipeline.services, ['orders'], new AbortController().signal);
  const lines = objects.map(({ rowsIn, targets }) => ({ rowsIn, ...targets['warehouse'] }));
  expect(lines.toSorted((a, b) => a.rowsIn - b.rowsIn)).toMatchObject([
    { rowsIn: 0, present: 0, removed: 0 },
    { rowsIn: 1, present: 1, removed: 0 },
    { rowsIn: 2, present: 0, removed: 2 },
    { rowsIn: 3, present: 0, removed: 3 },
  ]);
});

test('append keeps the rows of every version', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: append\n') });
  for (const [round, body] of [A, B, A].entries()) {
    await pipeline.put(KEY, body);
    await pipeline.settled(round + 1);
  }
  expect(await ids()).toEqual([1, 1, 2, 2, 3]);
  await expectBalanced(pipeline);
});

test('a damaged file that is delivered again whole under its name is loaded without a hand, and leaves the quarantine', async () => {
  pipeline = await openPipeline({ datasets: orders('') });
  const whole = gzipSync(A.repeat(100));
  await pipeline.put(`${KEY}.gz`, whole.subarray(0, whole.length - 9));
  await pipeline.settled(1);
  await pipeline.put(`${KEY}.gz`, gzipSync(A));
  await pipeline.until(async () => (await states()).filter((state) => state.startsWith('superseded')).length === 1);
  await pipeline.settled(2);
  expect(await ids()).toEqual([1, 2]);
  await expectBalanced(pipeline);
});

test('twenty versions of a key put as fast as they can be, two workers: the last one has its rows, once', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: replace\n'), workers: 2 });
  for (let version = 0; version < 20; version++) await pipeline.put(KEY, `id\n${version}\n${version}\n`);
  await pipeline.settled(20);
  await pipeline.until(async () => (await states()).every((state) => !['judged', 'compacted'].includes(state)));
  await pipeline.until(async () => (await ids()).join() === '19,19');
  expect((await states()).filter((state) => state === 'loaded')).toHaveLength(1);
  await expectBalanced(pipeline);
});

test('bytes that come back while the other version is being settled are not taken for a repeated event', async () => {
  pipeline = await openPipeline({ datasets: orders('    onOverwrite: replace\n'), notify: false, workers: 0 });
  const { services } = pipeline;
  const store = services.sourceStore('orders');
  const announce = async (body: string) =>
    postRecords(pipeline.intakeUrl, TOKEN, [createdRecord(KEY, await pipeline.put(KEY, body), body.length)]);
  let comeBack = async () => {};
  const head: typeof store.head = async (key, signal) => {
    const found = await store.head(key, signal);
    await comeBack();
    return found;
  };
  const interposed: typeof store = {
    bucket: store.bucket,
    uri: (key) => store.uri(key),
    list: (request) => store.list(request),
    head,
    getToFile: (request) => store.getToFile(request),
    putFile: (request) => store.putFile(request),
    delete: (keys, signal) => store.delete(keys, signal),
    retire: (request) => store.retire(request),
    tag: (key, tags, signal) => store.tag(key, tags, signal),
  };
  const context = { ...services.workerContext(), sourceStore: () => interposed };
  const worker = await startWorker({ context });
  await announce(A);
  await pipeline.settled(1);
  comeBack = async () => {
    comeBack = async () => {};
    expect(await (await announce(A)).json()).toMatchObject({ accepted: 0, duplicates: 1 });
  };
  await announce(B);
  await pipeline.settled(3);
  await atRest(pipeline);
  expect(await states()).toEqual(['superseded', 'superseded', 'loaded']);
  expect(await ids()).toEqual([1, 2]);
  await worker.stop(0);
});
