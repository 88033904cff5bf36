import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import type { LoadRequest, Warehouse } from '../../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { keepHotWindow } from '../../../src/workers/maintain/hotWindow.js';
import { freshDatabase } from '../../support/databases.js';
import { laterBatch, openTestSession, testObject } from '../../support/loadRequests.js';

let session: EngineSession;
let closeEngine: () => Promise<void>;
let warehouse: Warehouse;
let client: Client;
beforeAll(async () => {
  ({ session, close: closeEngine } = await openTestSession());
  const url = await freshDatabase();
  warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public' });
  client = new Client({ connectionString: url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await warehouse.close();
  await closeEngine();
});

const NOW = Date.UTC(2024, 0, 20);
const hot = { target: 'here', table: 'recent', mode: 'append', partitionBy: { column: 'day', every: 'day' }, retain: 7 * 86_400_000 } as const; // prettier-ignore
const history = { target: 'there', table: 'history', mode: 'append' } as const;

/** One object whose rows are of these days. */
function load(table: string, name: string, days: readonly string[]) {
  const rows = days.map((day, row) => `('${day}'::DATE, '${testObject(name)}'::UUID, ${row}::BIGINT)`);
  const request: LoadRequest = {
    batch: laterBatch(),
    attempt: 1,
    manifestHash: 'e'.repeat(64),
    table,
    mode: 'append',
    columns: [{ name: 'day', type: 'DATE' }],
    objects: [{ object: testObject(name), rows: days.length }],
    removes: [],
    artifacts: [],
    source: `(SELECT * FROM (VALUES ${rows.join(', ')}) AS v(day, _sluice_object, _sluice_row))`,
    session,
    ...(table === hot.table ? { partitionBy: hot.partitionBy } : {}),
  };
  return warehouse.load(request);
}

const keep = () =>
  keepHotWindow(
    { warehouse: () => warehouse, clock: { now: () => NOW, sleep: async () => {} } },
    { load: [hot, history] },
    hot,
  );
const days = async () =>
  (await client.query<{ day: string }>('SELECT DISTINCT day::text AS day FROM recent ORDER BY 1')).rows.map(
    ({ day }) => day,
  );

test('old partitions leave once the other table accounts for every row of their objects, and the audit still balances', async () => {
  await load('recent', 'a', ['2024-01-01', '2024-01-02', '2024-01-19']);
  await load('recent', 'b', ['2024-01-02', '2024-01-13']);
  await load('history', 'a', ['2024-01-01', '2024-01-02', '2024-01-19']);
  expect(await keep()).toEqual({
    dropped: ['public.recent_p20240101'],
    kept: [{ partition: 'public.recent_p20240102', objects: 1 }],
  });
  expect(await days()).toEqual(['2024-01-02', '2024-01-13', '2024-01-19']);

  await load('history', 'b', ['2024-01-02', '2024-01-13']);
  await client.query(`DELETE FROM history WHERE _sluice_object = '${testObject('b')}' AND day = '2024-01-13'`);
  expect((await keep()).kept).toHaveLength(1);
  await client.query(
    `INSERT INTO history (day, _sluice_batch, _sluice_object) SELECT '2024-01-13', _sluice_batch, _sluice_object FROM history WHERE _sluice_object = '${testObject('b')}'`,
  );
  expect(await keep()).toEqual({ dropped: ['public.recent_p20240102'], kept: [] });
  expect(await days()).toEqual(['2024-01-13', '2024-01-19']);
  const counts = await warehouse.presentRows('recent', [testObject('a'), testObject('b')]);
  expect(counts).toContainEqual({ object: testObject('a'), present: 1, removed: 2 });
  expect(counts).toContainEqual({ object: testObject('b'), present: 1, removed: 1 });
  expect(await keep()).toEqual({ dropped: [], kept: [] });
});
