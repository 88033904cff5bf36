import { afterEach, expect, test } from 'vitest';
import { decideAside, listAside } from '../../src/cli/quarantine.js';
import { expectBalanced } from '../support/accounts.js';
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
  await expectBalanced(pipeline);
});

test('what comes together waits for the other dataset; one that has no rows at all holds the batch', async () => {
  pipeline = await openPipeline({ datasets: datasets('hold'), workers: 0 });
  await pipeline.put('raw/orders/a.csv', 'id,customer\n10,1\n');
  await pipeline.until(async () => (await pipeline.services.ledger.objects.counts()).length === 1);
  await pipeline.put('raw/customers/a.csv', 'id,name\n1,Ann\n');
  await pipeline.until(async () => (await pipeline.services.ledger.objects.counts()).length === 2);
  await pipeline.startWorker();
  await pipeline.settled(2);
  expect(await orders()).toEqual([10]);
  expect(await list('orders')).toEqual([]);
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
