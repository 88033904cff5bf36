import { afterAll, beforeAll, expect, test } from 'vitest';
import { planUnion } from '../../../src/cli/snowflake/unite.js';
import type { Config } from '../../../src/shared/config/config.js';
import { parseConfig } from '../../../src/shared/config/load.js';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import { openPostgresWarehouse } from '../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import type { Warehouse } from '../../../src/shared/warehouses/port.js';
import { datasetOf } from '../../../src/workers/context.js';
import { freshDatabase } from '../../support/databases.js';
import { ordersLoad, openTestSession, testObject } from '../../support/loadRequests.js';
import { openOn, startAccount } from '../../support/snowflake/warehouse.js';

const closers: (() => Promise<unknown>)[] = [];
let session: EngineSession;
beforeAll(async () => {
  const engine = await openTestSession();
  session = engine.session;
  closers.push(engine.close);
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const text = `version: 1
targets: { pg: { type: postgres }, snow: { type: snowflake, account: a, user: u, database: raw, privateKeyFile: k } }
datasets:
  orders:
    source: { prefix: raw/ }
    load: [{ target: pg, table: orders, partitionBy: { column: at, every: day }, retain: 7d }, { target: snow, table: orders }]
  only: { source: { prefix: other/ }, load: [{ target: snow, table: only }] }
`;
const config = (): Config => {
  const answer = parseConfig(text, { folder: '/srv' }, {});
  if (answer.kind === 'faults') throw new Error(JSON.stringify(answer.faults));
  return answer.config;
};
const NOW = Date.parse('2026-11-23T15:00:00Z');
const union = (type: string, days?: number, dataset = 'orders') =>
  planUnion(config(), datasetOf(config(), dataset), {
    columns: [
      { name: 'id', type: 'BIGINT' },
      { name: 'at', type },
    ],
    days,
    nowMs: NOW,
  });

test.each(['DATE', 'TIMESTAMP', 'TIMESTAMP_MS', 'TIMESTAMP WITH TIME ZONE'])(
  'recent rows of Postgres and older ones of Snowflake are every row once, by a column of type %s',
  async (type) => {
    const account = await startAccount();
    closers.push(() => account.standIn.close());
    const snow = openOn(account);
    const pg = await openPostgresWarehouse({ name: 'pg', url: await freshDatabase(), schema: 'public' });
    closers.push(() => pg.close());
    // Twenty days, one row each at noon; one at the boundary itself, one just before it, one without a time.
    const at = `CASE i WHEN 20 THEN NULL WHEN 21 THEN TIMESTAMP '2026-11-17' WHEN 22 THEN TIMESTAMP '2026-11-16 23:59:59.999'
      ELSE TIMESTAMP '2026-11-23 12:00:00' - to_days(i::INTEGER) END`;
    const source = `(SELECT i AS id, (${at})::${type} AS at, '${testObject('a')}'::UUID AS _sluice_object, i AS _sluice_row FROM range(23) t(i))`;
    const columns = [
      { name: 'id', type: 'BIGINT' },
      { name: 'at', type },
    ];
    const request = ordersLoad(session, {}, { source, columns, objects: [{ object: testObject('a'), rows: 23 }] });
    for (const warehouse of [snow, pg]) await warehouse.load(request);
    const { boundary, postgres, snowflake } = union(type);
    expect(boundary).toBe('2026-11-17');
    // What Postgres drops: whole days that ended before the limit.
    await pg.ask(`DELETE FROM orders WHERE at < '2026-11-16'`);
    const ids = async (warehouse: Warehouse, sql: string) => (await warehouse.ask(sql)).rows.map(([id]) => Number(id));
    const [recent, older] = [await ids(pg, postgres), await ids(snow, snowflake)];
    expect(recent).toContain(21);
    expect(older).toEqual(expect.arrayContaining([20, 22]));
    expect([...recent, ...older].sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, id) => id));
  },
);

test('the view has each row once where recent rows stand in a table beside the loaded one', async () => {
  const account = await startAccount();
  closers.push(() => account.standIn.close());
  const snow = openOn(account);
  const rows = (from: number, to: number) =>
    `(SELECT i AS id, now()::TIMESTAMP AS at, '${testObject('a')}'::UUID AS _sluice_object, i AS _sluice_row FROM range(${from}, ${to}) t(i))`;
  const columns = [
    { name: 'id', type: 'BIGINT' },
    { name: 'at', type: 'TIMESTAMP' },
  ];
  const load = (table: string, from: number, to: number) =>
    snow.load(
      ordersLoad(
        session,
        {},
        { table, source: rows(from, to), columns, objects: [{ object: testObject('a'), rows: to - from }] },
      ),
    );
  await load('orders', 0, 6);
  await load('orders_recent', 4, 9);
  await snow.ask(union('TIMESTAMP').view);
  const { rows: all } = await snow.ask('SELECT id FROM orders_all ORDER BY id');
  expect(all.map(([id]) => Number(id))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('the limit is what Postgres keeps, or what is asked for', () => {
  expect(union('DATE').boundary).toBe('2026-11-17');
  expect(union('DATE', 1).boundary).toBe('2026-11-23');
  expect(union('DATE', 1).view).toContain('DATEADD(DAY, -1, CAST(SYSDATE() AS DATE))');
});

test('a dataset that is not loaded into both, or has no column of time, is refused', () => {
  expect(() => union('TIMESTAMP', 7, 'only')).toThrow(/Postgres and into Snowflake/);
  expect(() => union('VARCHAR')).toThrow(/a column of dates or times/);
});
