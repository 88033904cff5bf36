import { afterEach, expect, test } from 'vitest';
import { auditDatasets } from '../../src/cli/audit.js';
import { inspectTarget } from '../../src/cli/commands/doctor.js';
import { maintainJob } from '../../src/shared/jobs/catalogue.js';
import { atRest } from '../support/accounts.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;
afterEach(() => pipeline.close());

const datasets = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 100ms }
    load:
      - { target: warehouse, table: orders, mode: upsert, key: [id], orderBy: [updated], partitionBy: { column: updated, every: year },
          indexes: [note, { columns: [updated], include: [note], where: "id > 1" }], refresh: [by_note], retain: 30d }
      - { target: warehouse, table: order_history }
`;

test('files become a partitioned table with its indexes and views; old partitions leave, and the audit balances', async () => {
  pipeline = await openPipeline({ datasets });
  const { services, query } = pipeline;
  const today = new Date().toISOString().slice(0, 10);
  await pipeline.put('raw/orders/a.csv', `id,updated,note\n1,2020-03-01,old\n2,2020-04-01,old\n`);
  await pipeline.settled(1);
  await query('CREATE MATERIALIZED VIEW by_note AS SELECT note, count(*) AS orders FROM orders GROUP BY 1');
  await query('CREATE UNIQUE INDEX ON by_note (note)');
  await pipeline.put('raw/orders/b.csv', `id,updated,note\n2,${today},new\n3,${today},new\n`);
  await pipeline.settled(2);
  await atRest(pipeline);
  expect(await query('SELECT id::int AS id, note FROM orders ORDER BY id')).toEqual([
    { id: 1, note: 'old' },
    { id: 2, note: 'new' },
    { id: 3, note: 'new' },
  ]);
  expect(await query('SELECT note, orders::int AS orders FROM by_note ORDER BY note')).toEqual([
    { note: 'new', orders: 2 },
    { note: 'old', orders: 1 },
  ]);
  const indexes = await query(`SELECT count(*)::int AS count FROM pg_indexes WHERE tablename = 'orders_p20200101'`);
  // Two BRIN, the key's, two declared.
  expect(indexes).toEqual([{ count: 5 }]);
  const findings = await inspectTarget(services, 'warehouse');
  expect(new Set(findings.map(({ table }) => table))).toEqual(new Set(['public.orders', 'public.order_history']));
  expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);

  await services.queue().enqueue([maintainJob('retention', 'orders', 'now')]);
  await pipeline.until(async () => {
    const [there] = await query(`SELECT to_regclass('orders_p20200101') IS NULL AS gone`);
    return there?.['gone'] === true;
  });
  expect(await query('SELECT id::int AS id FROM orders ORDER BY id')).toEqual([{ id: 2 }, { id: 3 }]);
  const { balanced, objects } = await auditDatasets(services, ['orders'], new AbortController().signal);
  expect([balanced, objects.length]).toEqual([true, 2]);
});
