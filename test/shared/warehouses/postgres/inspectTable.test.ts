import { Client } from 'pg';
import { expect, test } from 'vitest';
import type { TableFacts } from '../../../../src/shared/warehouses/postgres/inspectTable.js';
import { judgeTable, readTableFacts } from '../../../../src/shared/warehouses/postgres/inspectTable.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';

const well: TableFacts = {
  table: 'public.orders',
  exists: true,
  lacking: [],
  live: 100_000,
  dead: 0,
  changed: 0,
  indexes: [{ name: 'orders_key', scans: 0, bytes: 5e6, unique: true, valid: true }],
  filledDefault: null,
};
const troubles = (facts: Partial<TableFacts>) =>
  judgeTable({ ...well, ...facts })
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ check, verdict, text, mend }) => [check, verdict, text, mend]);

test('a table that is well has nothing to mend', () => {
  expect(troubles({})).toEqual([]);
  expect(troubles({ exists: false, lacking: ['INSERT'] })).toEqual([]);
});

test('rights, bloat, stale statistics, unused and half-built indexes and a filled DEFAULT partition are named with the mend', () => {
  const unused = { name: 'orders_note', scans: 0, bytes: 7e6, unique: false, valid: true };
  expect(
    troubles({
      lacking: ['UPDATE'],
      dead: 50_000,
      changed: 60_000,
      indexes: [unused, { ...unused, name: 'small', bytes: 8192 }, { ...unused, name: 'half', valid: false }],
      filledDefault: 'orders_rest',
    }),
  ).toEqual([
    ['rights', 'fail', 'the loading role lacks UPDATE', 'GRANT UPDATE ON public.orders'],
    ['bloat', 'warn', '50000 dead rows beside 100000 (33%)', 'VACUUM public.orders'],
    ['statistics', 'warn', '60000 rows changed since the last ANALYZE', 'ANALYZE public.orders'],
    ['indexes', 'warn', 'left half-built: half', expect.any(String)],
    ['unused indexes', 'warn', 'never read since the statistics began: orders_note (7 MB)', expect.any(String)],
    ['default partition', 'warn', expect.stringContaining('orders_rest has rows'), expect.any(String)],
  ]);
});

test('Postgres is asked about a table and its partitions together', async () => {
  const url = await freshDatabase();
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE visits (id int, at date) PARTITION BY RANGE (at);
    CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') WITH (autovacuum_enabled = false);
    CREATE TABLE visits_b PARTITION OF visits DEFAULT;
    CREATE INDEX ON visits (id);
    CREATE TABLE plain (id int PRIMARY KEY) WITH (autovacuum_enabled = false);
    INSERT INTO plain SELECT generate_series(1, 500);
    INSERT INTO visits SELECT i, '2024-05-05' FROM generate_series(1, 30000) i; INSERT INTO visits VALUES (1, '2030-01-01')`);
  await client.query('DELETE FROM visits WHERE id > 10000');
  await client.query('SELECT pg_stat_force_next_flush(); SELECT 1');
  await client.end();
  const warehouse = await openPostgresWarehouse({ name: 't', url, schema: 'public' });
  const read = () => readTableFacts(warehouse, { table: 'visits', schema: 'public', mode: 'upsert' });
  while ((await read()).dead < 20_000) await new Promise((resolve) => setTimeout(resolve, 20));
  const facts = await read();
  expect(facts).toMatchObject({ table: 'public.visits', exists: true, lacking: [], live: 10_001, dead: 20_000, filledDefault: 'visits_b' }); // prettier-ignore
  expect(facts.indexes.map(({ name, valid }) => [name, valid])).toEqual([['visits_a_id_idx', true], ['visits_b_id_idx', true]]); // prettier-ignore
  const plain = await readTableFacts(warehouse, { table: 'plain', schema: 'public', mode: 'append' });
  expect(plain).toMatchObject({ live: 500, changed: 500, indexes: [{ name: 'plain_pkey', unique: true }] });
  expect(await readTableFacts(warehouse, { table: 'nowhere', schema: 'public', mode: 'append' })).toMatchObject({
    exists: false,
  });
  await warehouse.close();
});
