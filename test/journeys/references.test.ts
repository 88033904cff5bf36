import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { decideAside, listAside } from '../../src/cli/quarantine.js';
import { mergeArtifacts } from '../../src/workers/merge/mergeArtifacts.js';
import { atRest, expectBalanced } from '../support/accounts.js';
import { openPlainSession } from '../support/plainSession.js';
import { parquet } from '../support/parquet.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;
afterEach(() => pipeline.close());

const datasets = (onFail: string) => `  customers:
    source: { prefix: raw/customers/ }
    batch: { maxWait: 0s }
    onOverwrite: replace
    load: [{ target: warehouse, table: customers }]
  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    columns: { customer: { checks: [{ references: { dataset: customers, column: ID }, onFail: ${onFail} }] } }
    load: [{ target: warehouse, table: orders }]
`;
const anybody = { by: 'ann', why: 'a test' };
const list = (dataset: string) => listAside(pipeline.services.ledger, { dataset, limit: 100 });
const orders = async () => (await pipeline.query('SELECT id FROM orders ORDER BY id')).map(({ id }) => Number(id));

test('rows that refer to nobody are set aside, and follow once their customer came; removed customers count no more', async () => {
  pipeline = await openPipeline({ datasets: datasets('quarantine') });
  await pipeline.put('raw/customers/a.csv', 'id,name\n1,Ann\n2,Bob\n');
  await pipeline.settled(1);
  await pipeline.put('raw/customers/b.csv', 'id,name\n3,Cat\n');
  await pipeline.settled(2);
  await pipeline.put('raw/orders/a.csv', 'id,customer\n10,1\n11,9\n12,\n13,3\n14,9\n');
  await pipeline.settled(3);
  expect(await orders()).toEqual([10, 12, 13]);
  const [aside] = await list('orders');
  expect(aside).toMatchObject({ kind: 'rows', rows: 2, code: 'CHECK_FAILED' });
  expect(aside?.reason).toContain('expected a value of customers.ID');

  await pipeline.put('raw/customers/b.csv', 'id,name\n9,Zoe\n');
  await pipeline.settled(4);
  await decideAside(pipeline.services, { verb: 'replay', ids: [aside?.id ?? ''], ...anybody });
  await pipeline.settled(5);
  expect(await orders()).toEqual([10, 11, 12, 13, 14]);
  await pipeline.put('raw/orders/b.csv', 'id,customer\n20,3\n21,1\n');
  await pipeline.settled(6);
  expect(await orders()).toEqual([10, 11, 12, 13, 14, 21]);

  // The same of a file that was left as it is, and of artifacts that were merged, where a removed customer's row still lies.
  await pipeline.put('raw/customers/c.parquet', await parquet("SELECT 50::BIGINT AS id, 'Kim' AS name"));
  await pipeline.settled(7);
  await pipeline.put('raw/orders/c.csv', 'id,customer\n30,50\n31,51\n');
  await pipeline.settled(8);
  expect((await orders()).slice(-2)).toEqual([21, 30]);
  await pipeline.put('raw/customers/d.csv', 'id,name\n51,Lou\n');
  await pipeline.settled(9);
  await atRest(pipeline);
  const [customers] = pipeline.config.datasets;
  const merged = await mergeArtifacts(pipeline.services.workerContext(), customers!, {
    signal: new AbortController().signal,
  });
  expect(merged).toMatchObject({ smallBefore: 5, merges: 1 });
  await pipeline.put('raw/orders/d.csv', 'id,customer\n40,3\n41,51\n42,2\n43,50\n');
  await pipeline.settled(10);
  expect((await orders()).slice(-4)).toEqual([30, 41, 42, 43]);
  await expectBalanced(pipeline);
});

test('what comes together waits for the other dataset, whose rows may lie in an original', async () => {
  pipeline = await openPipeline({ datasets: datasets('hold'), workers: 0 });
  await pipeline.put('raw/orders/a.csv', 'id,customer\n10,1\n');
  await pipeline.until(async () => (await pipeline.services.ledger.objects.counts()).length === 1);
  const session = await openPlainSession();
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-references-')), 'a.parquet');
  await session.query(`COPY (SELECT 1 AS id, 'Ann' AS name) TO '${file}'`);
  await session.close();
  await pipeline.put('raw/customers/a.parquet', await readFile(file));
  await rm(dirname(file), { recursive: true });
  await pipeline.until(async () => (await pipeline.services.ledger.objects.counts()).length === 2);
  await pipeline.startWorker();
  await pipeline.settled(2);
  expect(await orders()).toEqual([10]);
  expect(await list('orders')).toEqual([]);
  const [original] = await pipeline.services.ledger.loaded.list('customers', undefined, 10);
  expect(original?.manifest.artifacts[0]?.key).toBe('raw/customers/a.parquet');
});

test('a batch is held with the reason while the other dataset has no rows', async () => {
  pipeline = await openPipeline({ datasets: datasets('hold') });
  await pipeline.put('raw/orders/a.csv', 'id,customer\n10,1\n');
  await pipeline.settled(1);
  const [held] = await list('orders');
  expect(held).toMatchObject({ kind: 'batch' });
  expect(held?.reason).toContain('customer.references');
  const [finding] = await pipeline.services.ledger.read.findings({ dataset: 'orders', kind: 'check', limit: 1 });
  expect(finding?.data).toMatchObject({ verdict: 'fail', reason: 'customers has no loaded rows yet' });
});

test('rows that refer by several columns are set aside where no row has them together, and follow once it came', async () => {
  const check = '{ references: { dataset: regions, columns: { land: country, region: Code } }, onFail: quarantine }';
  pipeline = await openPipeline({
    datasets: `  regions:
    source: { prefix: raw/regions/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: regions }]
  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    checks: [${check}]
    load: [{ target: warehouse, table: orders }]
`,
  });
  await pipeline.put('raw/regions/a.csv', 'code,country\n1,de\n2,fr\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/a.csv', 'id,land,region\n10,de,1\n11,de,2\n12,fr,2\n13,,2\n');
  await pipeline.settled(2);
  expect(await orders()).toEqual([10, 12, 13]);
  const [aside] = await list('orders');
  expect(aside).toMatchObject({ kind: 'rows', rows: 1, code: 'CHECK_FAILED' });
  expect(aside?.reason).toContain('expected values of regions (country, Code) together');
  await pipeline.put('raw/regions/b.csv', 'code,country\n2,de\n');
  await pipeline.settled(3);
  await decideAside(pipeline.services, { verb: 'replay', ids: [aside?.id ?? ''], ...anybody });
  await pipeline.settled(4);
  expect(await orders()).toEqual([10, 11, 12, 13]);
  await expectBalanced(pipeline);
});
