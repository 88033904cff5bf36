import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { SluiceError } from '../../src/shared/errors.js';
import { startWorker } from '../../src/workers/main.js';
import { expectBalanced } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const sales = (load = '', settings = '') => `  orders:
    source: { prefix: raw/sales/ }
    partition: hive
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: sales, mode: replace${load} }]
${settings}`;

/** Rows of the table as `partition:id`. */
async function rows(): Promise<string> {
  const found = await pipeline
    .query('SELECT dt::text, id FROM sales ORDER BY 1, 2')
    .catch((error: unknown) => (String(error).includes('does not exist') ? [] : Promise.reject(error)));
  return found.map(({ dt, id }) => `${String(dt).slice(-2)}:${String(id)}`).join(' ');
}

async function batchStates(): Promise<string[]> {
  return (await pipeline.services.ledger.read.batches('orders', 100)).map(({ state }) => state).toSorted();
}

async function states(): Promise<string[]> {
  const objects = await pipeline.services.ledger.objects.list({ limit: 100 });
  return objects.map(({ key, state, code }) => `${key.split('/').slice(-1).join('')} ${code ?? state}`).toSorted();
}

const remove = (key: string) => pipeline.s3.send(new DeleteObjectCommand({ Bucket: 'lake', Key: key }));

test('a partition has the rows of the files that are there: more come, one is written again, one is deleted, another comes back', async () => {
  pipeline = await openPipeline({ datasets: sales() });
  await pipeline.put('raw/sales/dt=2026-01-01/a.csv', 'id\n1\n2\n');
  await pipeline.put('raw/sales/dt=2026-01-02/a.csv', 'id\n9\n');
  await pipeline.until(async () => (await rows()) === '01:1 01:2 02:9');
  await pipeline.put('raw/sales/dt=2026-01-01/b.csv', 'id\n3\n');
  await pipeline.until(async () => (await rows()) === '01:1 01:2 01:3 02:9');
  await pipeline.put('raw/sales/dt=2026-01-01/a.csv', 'id\n4\n');
  await pipeline.until(async () => (await rows()) === '01:3 01:4 02:9');
  await remove('raw/sales/dt=2026-01-01/b.csv');
  // The same bytes under another name, as a job that ran again leaves them.
  await pipeline.put('raw/sales/dt=2026-01-01/c.csv', 'id\n3\n');
  await pipeline.until(async () => (await states()).filter((state) => state.endsWith('superseded')).length === 2);
  expect(await rows()).toBe('01:3 01:4 02:9');
  expect(await states()).toEqual([
    'a.csv loaded',
    'a.csv loaded',
    'a.csv superseded',
    'b.csv superseded',
    'c.csv loaded',
  ]);
  expect(await batchStates()).toEqual(['loaded', 'loaded', 'superseded', 'superseded', 'superseded']);
  await expectBalanced(pipeline);
  await pipeline.put('raw/sales/dt=2026-01-01/b.csv', 'id\n3\n');
  await pipeline.until(async () => (await rows()) === '01:3 01:3 01:4 02:9');
  await pipeline.until(async () => (await batchStates()).filter((state) => state === 'superseded').length === 4);
  await expectBalanced(pipeline);
});

test('readers that ask all the while see the files of a moment, whole: never a gap, never a mix', async () => {
  pipeline = await openPipeline({ datasets: sales(), workers: 2 });
  const reader = new Client({ connectionString: pipeline.targetUrl });
  await reader.connect();
  const body = (wave: number) => `wave\n${`${wave}\n`.repeat(2000)}`;
  const reading = { isDone: false };
  const seen: string[] = [];
  await pipeline.put('raw/sales/dt=2026-01-01/1.csv', body(1));
  await pipeline.until(async () => (await pipeline.services.ledger.read.loads('orders', 1)).length === 1);
  const readAll = (async () => {
    while (!reading.isDone) {
      const { rows: found } = await reader.query<{ wave: string; n: string }>(
        'SELECT wave::text, count(*)::text AS n FROM sales GROUP BY 1 ORDER BY 1',
      );
      const shown = found.map(({ wave, n }) => `${wave}:${n}`).join(' ');
      if (seen.at(-1) !== shown) seen.push(shown);
    }
  })();
  for (const wave of [2, 3, 4]) {
    await pipeline.put(`raw/sales/dt=2026-01-01/${wave}.csv`, body(wave));
    await pipeline.until(async () => seen.at(-1)?.includes(`${wave}:`) === true);
  }
  reading.isDone = true;
  await readAll;
  await reader.end();
  expect(seen).toEqual(['1:2000', '1:2000 2:2000', '1:2000 2:2000 3:2000', '1:2000 2:2000 3:2000 4:2000']);
  await expectBalanced(pipeline);
});

test('answers that are lost at every commit, and a Redis that forgets each time, change nothing', async () => {
  pipeline = await openPipeline({ datasets: sales(), workers: 0 });
  const context = pipeline.services.workerContext();
  const { ledger } = context;
  const lost: string[] = [];
  let isLosing = false;
  const lose = async (place: string) => {
    if (!isLosing || lost.includes(place)) return;
    lost.push(place);
    await pipeline.services.queue().flush();
    throw new SluiceError('LEDGER_AWAY', `the answer of ${place} is lost`);
  };
  const steps: typeof ledger.steps = {
    ...ledger.steps,
    async commitCompact(...args) {
      await lose('before compact');
      const opened = await ledger.steps.commitCompact(...args);
      await lose('compact');
      return opened;
    },
    async commitLoad(...args) {
      await lose('the target');
      const partitions = await ledger.steps.commitLoad(...args);
      await lose('load');
      return partitions;
    },
  };
  const replaces: typeof ledger.replaces = {
    async commitReplace(request) {
      const answer = await ledger.replaces.commitReplace(request);
      await lose('plan');
      return answer;
    },
  };
  const worker = await startWorker({ context: { ...context, ledger: { ...ledger, steps, replaces } } });
  await pipeline.put('raw/sales/dt=2026-01-01/a.csv', 'id\n1\n2\n');
  await pipeline.put('raw/sales/dt=2026-01-02/a.csv', 'id\n9\n');
  await pipeline.until(async () => (await rows()) === '01:1 01:2 02:9');
  await pipeline.until(async () => (await batchStates()).join() === 'loaded,loaded');
  isLosing = true;
  await pipeline.put('raw/sales/dt=2026-01-01/b.csv', 'id\n3\n');
  await pipeline.until(async () => (await batchStates()).includes('superseded'));
  expect(lost).toEqual(['plan', 'before compact', 'compact', 'the target', 'load']);
  expect(await rows()).toBe('01:1 01:2 01:3 02:9');
  await expectBalanced(pipeline);
  await worker.stop(0);
});

test('a whole table is its last partition by name: an older export that comes late changes nothing, an empty one neither', async () => {
  pipeline = await openPipeline({ datasets: sales(', scope: table') });
  await pipeline.put('raw/sales/dt=2026-01-02/a.csv', 'id\n1\n2\n');
  await pipeline.until(async () => (await rows()) === '02:1 02:2');
  await pipeline.put('raw/sales/dt=2026-01-01/a.csv', 'id\n9\n');
  await pipeline.until(async () => (await states()).includes('a.csv SCOPE_OUTDATED'));
  await pipeline.put('raw/sales/dt=2026-01-03/a.csv', 'id\n');
  await pipeline.settled(3);
  expect(await rows()).toBe('02:1 02:2');
  await pipeline.put('raw/sales/dt=2026-01-04/a.csv', 'id\n7\n');
  await pipeline.until(async () => (await rows()) === '04:7');
  await pipeline.put('raw/sales/dt=2026-01-04/b.csv', 'id\n8\n');
  await pipeline.until(async () => (await rows()) === '04:7 04:8');
  await pipeline.until(async () => (await batchStates()).filter((state) => state === 'superseded').length === 2);
  expect(await batchStates()).toEqual(['empty', 'loaded', 'superseded', 'superseded']);
  await expectBalanced(pipeline);
});

test('a file that cannot be read is set aside and the table stays; a batch that is held goes on with what comes next', async () => {
  const settings = '    checks: [{ metric: rowCount, mustBeLessThan: 4 }]\n';
  pipeline = await openPipeline({ datasets: sales('', settings) });
  await pipeline.put('raw/sales/dt=2026-01-01/a.csv', 'id\n1\n2\n');
  await pipeline.until(async () => (await batchStates()).join() === 'loaded');
  await pipeline.put('raw/sales/dt=2026-01-01/bad.parquet', 'no parquet');
  await pipeline.until(async () => (await batchStates()).join() === 'empty,loaded');
  await pipeline.put('raw/sales/dt=2026-01-01/b.csv', 'id\n3\n4\n5\n');
  await pipeline.until(async () => (await batchStates()).includes('held'));
  expect(await rows()).toBe('01:1 01:2');
  await pipeline.put('raw/sales/dt=2026-01-01/b.csv', 'id\n6\n');
  await pipeline.until(async () => (await rows()) === '01:1 01:2 01:6');
  await pipeline.until(async () => (await batchStates()).join() === 'empty,empty,loaded,superseded');
  await expectBalanced(pipeline);
});

test('a partition that is larger than a batch may be keeps its rows, and what came is set aside by name', async () => {
  pipeline = await openPipeline({ datasets: sales().replace('maxWait: 0s', 'maxWait: 0s, replaceBytes: 19') });
  await pipeline.put('raw/sales/dt=2026-01-01/a.csv', 'id\n1\n2\n');
  await pipeline.until(async () => (await batchStates()).join() === 'loaded');
  await pipeline.put('raw/sales/dt=2026-01-01/b.csv', 'id\n3\n4\n5\n6\n7\n');
  await pipeline.until(async () => (await states()).join() === 'a.csv loaded,b.csv SCOPE_TOO_LARGE');
  expect(await rows()).toBe('01:1 01:2');
  await expectBalanced(pipeline);
});
