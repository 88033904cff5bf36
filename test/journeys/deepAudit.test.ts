import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { auditDatasets, auditDeeply } from '../../src/cli/audit.js';
import { atRest } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';
import { openPlainSession } from '../support/plainSession.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = (load = '') => `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders${load} }]
`;

const ROWS = `SELECT i AS id, (i % 3 = 0) AS flag, i::SMALLINT AS small, i::INTEGER AS medium, (i * 1e15)::HUGEINT AS huge,
  CASE i WHEN 1 THEN 'nan'::FLOAT WHEN 2 THEN 'inf'::FLOAT ELSE i / 7 END::FLOAT AS f,
  CASE i WHEN 1 THEN 'nan'::DOUBLE WHEN 2 THEN '-inf'::DOUBLE WHEN 3 THEN '-0'::DOUBLE WHEN 4 THEN 1e-300 WHEN 5 THEN 1e20 ELSE i / 3 END AS d,
  (i / 8)::DECIMAL(10, 4) AS dec,
  CASE i WHEN 1 THEN '' WHEN 2 THEN NULL WHEN 3 THEN 'NULL' WHEN 4 THEN 'ä😀' ELSE 'text ' || i END AS t,
  ('b' || i)::BLOB AS b, CASE i WHEN 1 THEN '0001-01-01' WHEN 2 THEN '9999-12-31' ELSE '2020-02-29' END::DATE AS day,
  TIME '12:34:56.789' AS clock, TIMESTAMP '1969-12-31 23:59:59.999999' AS ts, TIMESTAMPTZ '2020-01-01 00:00:00.5+02' AS tz,
  uuid() AS u, {'a': i} AS nested
FROM range(2500) AS r(i) UNION ALL SELECT ${Array.from({ length: 16 }, () => 'NULL').join(', ')}`;

async function parquet(sql: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'deep-'));
  const session = await openPlainSession();
  await session.run(`COPY (${sql}) TO '${folder}/x.parquet'`);
  await session.close();
  const bytes = await readFile(join(folder, 'x.parquet'));
  await rm(folder, { recursive: true });
  return bytes;
}

async function audit() {
  await atRest(pipeline);
  const { balanced, deep } = await auditDeeply(pipeline.services, ['orders'], new AbortController().signal);
  return { balanced, ...deep?.[0] };
}

const uri = 's3://lake/raw/orders/a.parquet';

test('rows of every type are the same in the table; one changed, deleted or doubled is named with its columns', async () => {
  pipeline = await openPipeline({ datasets: orders() });
  await pipeline.put('raw/orders/a.parquet', await parquet(ROWS));
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id,t\n7000,x\n');
  await pipeline.settled(2);
  expect(await audit()).toMatchObject({
    balanced: true,
    verdict: 'same',
    batches: 2,
    rows: 2502,
    notCompared: ['nested'],
    differences: [],
  });
  await pipeline.query("update orders set t = '' where id = 2");
  await pipeline.query('update orders set d = d + 1e-9, day = day + 1 where id = 9');
  await pipeline.query("update orders set ts = ts + interval '1 microsecond', t = null where id = 3");
  await pipeline.query('delete from orders where id = 11');
  await pipeline.query('insert into orders select * from orders where id = 12');
  await pipeline.query('update orders set _sluice_row = 999999 where id = 13');
  const found = await audit();
  expect(found).toMatchObject({ balanced: false, verdict: 'different' });
  const named = found.differences!.map(({ row, kind, columns = [] }) => [Number(row), kind, columns.join()]);
  expect(named.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
    [2, 'changed', 't'],
    [3, 'changed', 't,ts'],
    [9, 'changed', 'd,day'],
    [11, 'missing', ''],
    [12, 'doubled', ''],
    [13, 'missing', ''],
    [999_999, 'extra', ''],
  ]);
  expect(found.differences!.every((one) => one.uri === uri)).toBe(true);
  expect(await pipeline.services.ledger.alerts.recent(10)).toContainEqual(
    expect.objectContaining({
      kind: 'audit',
      dataset: 'orders',
      name: 'rows of warehouse.orders',
      facts: { objects: 1, rows: 7, verdict: 'different' },
    }),
  );
  await pipeline.query('update orders set medium = 0');
  expect((await audit()).differences).toHaveLength(50);
  await pipeline.query('alter table orders drop column small');
  expect(await audit()).toMatchObject({
    balanced: false,
    verdict: 'unverified',
    reason: expect.stringContaining('TARGET_'),
  });
});

test('rows that gave way in an upsert are no difference; a row that somebody changed is', async () => {
  pipeline = await openPipeline({ datasets: orders(', mode: upsert, key: [id]') });
  await pipeline.put('raw/orders/a.csv', 'id,t\n1,a\n2,b\n');
  await pipeline.settled(1);
  await pipeline.put('raw/orders/b.csv', 'id,t\n2,c\n3,d\n');
  await pipeline.settled(2);
  expect(await audit()).toMatchObject({ balanced: true, verdict: 'same', batches: 2 });
  await pipeline.query("update orders set t = 'z' where id = 3");
  expect(await audit()).toMatchObject({
    verdict: 'different',
    differences: [{ row: '1', kind: 'changed', columns: ['t'] }],
  });
});

test('a table of somebody else cannot be counted, and the reason says so', async () => {
  pipeline = await openPipeline({ datasets: orders() });
  await pipeline.put('raw/orders/a.csv', 'id\n1\n');
  await pipeline.settled(1);
  await atRest(pipeline);
  await pipeline.query('drop table orders');
  await pipeline.query('create table orders (id bigint)');
  const { balanced, objects } = await auditDatasets(pipeline.services, ['orders'], new AbortController().signal);
  expect({ balanced, objects }).toMatchObject({
    balanced: false,
    objects: [{ verdict: 'unverified', targets: { warehouse: { error: expect.stringContaining('never loaded') } } }],
  });
  expect(await pipeline.services.ledger.read.lastAudits()).toMatchObject([
    { dataset: 'orders', verdicts: { unverified: 1 } },
  ]);
  const alerts = await pipeline.services.ledger.alerts.recent(10);
  expect(alerts).toMatchObject([{ kind: 'audit', dataset: 'orders', name: 'balance', facts: { objects: 1 } }]);
});
