import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterEach, expect, test } from 'vitest';
import { expectBalanced } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (action: string) => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    skew: { keys: [shop], action: ${action}, buckets: 4 }
    load: [{ target: warehouse, table: orders }]
`;

/** Every third row is of shop 1; the others have ten rows each. */
function csv(): string {
  const rows = Array.from({ length: 3000 }, (_, at) => `${at},${at % 3 === 0 ? 1 : 2 + (at % 200)}`);
  return `id,shop\n${rows.join('\n')}\n`;
}

async function keys(): Promise<string[]> {
  const { Contents = [] } = await pipeline.s3.send(new ListObjectsV2Command({ Bucket: 'lake', Prefix: 'curated/' }));
  return Contents.map(({ Key = '' }) =>
    Key.replace(/.*\//, '').replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'batch'),
  ).sort();
}

async function loaded() {
  await pipeline.put('raw/orders/a.csv', csv());
  await pipeline.settled(1);
  const [row] = await pipeline.services.ledger.read.batches('orders', 1);
  return row === undefined ? undefined : pipeline.services.ledger.read.batch(row.batch);
}

test('a dataset that asks for salt gets salted artifacts and a list of hot keys; its table has no column of them', async () => {
  pipeline = await openPipeline({ datasets: orders('salt') });
  const batch = await loaded();
  expect(batch?.manifest?.layout).toMatchObject({ action: 'salt', key: 'shop', hotKeys: [{ key: 1, salts: 64 }] });
  expect(await keys()).toEqual(['_hot-batch-1-0.parquet', ...[0, 1, 2, 3].map((at) => `batch-1-${at}.parquet`)]);
  const columns = await pipeline.query(
    "select column_name from information_schema.columns where table_name = 'orders'",
  );
  expect(columns.map(({ column_name }) => column_name).filter((name) => name === '_salt')).toEqual([]);
  expect(await pipeline.query('select count(*)::int as n, count(distinct id)::int as ids from orders')).toEqual([
    { n: 3000, ids: 3000 },
  ]);
  const [{ batch: id }] = [batch!.row];
  expect(await pipeline.services.ledger.custody.artifacts([id])).toEqual(
    new Map([
      [id, new Set([...batch!.manifest!.artifacts.map(({ key }) => key), batch!.manifest!.layout!.hotList!.key])],
    ]),
  );
  await expectBalanced(pipeline);
});

test('a dataset that asks to isolate gets artifacts of one hot key each, and every row is loaded once', async () => {
  pipeline = await openPipeline({ datasets: orders('isolate') });
  const batch = await loaded();
  const { layout, artifacts } = batch!.manifest!;
  expect(layout).toMatchObject({ action: 'isolate', key: 'shop', hotKeys: [{ key: 1, rows: 1000 }] });
  const own = layout!.hotKeys[0]!.artifacts!.map((at) => artifacts[at]!.rows).reduce((sum, rows) => sum + rows, 0);
  expect(own).toBe(1000);
  expect(await pipeline.query('select count(*)::int as n from orders')).toEqual([{ n: 3000 }]);
  await expectBalanced(pipeline);
});
