import { afterEach, expect, test } from 'vitest';
import { listAside } from '../../src/cli/quarantine.js';
import { expectBalanced } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

test('rows that the WHERE of a transform leaves out are counted per object, and the audit balances with them', async () => {
  pipeline = await openPipeline({
    datasets: `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    transform: "select id::bigint as order_id, upper(status) as status from input where status <> 'test'"
    load: [{ target: warehouse, table: orders }]`,
  });
  await pipeline.put('raw/orders/a.csv', 'id,status\n1,new\n2,test\n3,old\n');
  await pipeline.put('raw/orders/b.csv', 'id,status\n4,test\n');
  await pipeline.settled(2);
  expect(await pipeline.query('SELECT order_id::integer AS id, status FROM orders ORDER BY 1')).toEqual([
    { id: 1, status: 'NEW' },
    { id: 3, status: 'OLD' },
  ]);
  expect(await listAside(pipeline.services.ledger, { dataset: undefined, limit: 10 })).toEqual([]);
  const audited = await pipeline.services.ledger.read.auditPage('orders', undefined, 10);
  expect(audited.map(({ uri, rowsIn, rowsFiltered }) => [uri, rowsIn, rowsFiltered]).toSorted()).toEqual([
    ['s3://lake/raw/orders/a.csv', 3, 1],
    ['s3://lake/raw/orders/b.csv', 1, 1],
  ]);
  await expectBalanced(pipeline);
});
