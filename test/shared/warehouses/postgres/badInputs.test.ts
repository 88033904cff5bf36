import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { LoadRequest, Warehouse } from '../../../../src/shared/warehouses/port.js';
import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { openTestSession, ordersLoad, testObject } from '../../../support/loadRequests.js';
import { openSmallDisk } from '../../../support/smallDisk.js';

describe.each(WRITE_MODES)('what a target cannot take, mode %s', (mode) => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  let client: Client;
  let warehouse: Warehouse;
  beforeAll(async () => {
    ({ session, close: closeEngine } = await openTestSession());
  });
  const begin = async (sql?: string) => {
    const url = await freshDatabase();
    client = new Client({ connectionString: url });
    await client.connect();
    if (sql !== undefined) await client.query(sql);
    warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public', bounds: { lockTimeoutMs: 200 } });
  };
  afterEach(async () => {
    await warehouse.close();
    await client.end();
  });
  afterAll(() => closeEngine());

  const load = (objects: Record<string, number>, changes: Partial<LoadRequest> = {}) =>
    warehouse.load(
      ordersLoad(session, objects, {
        mode,
        ...(mode === 'upsert' ? { key: ['id'], orderBy: ['amount'] } : {}),
        ...changes,
      }),
    );
  const count = async (table = 'orders') => Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
  const ORDERS = 'CREATE TABLE orders (id bigint, amount numeric(10,2), note text)';

  it('a column too long for varchar(n) is refused, the table as it was', async () => {
    await begin('CREATE TABLE orders (id bigint, amount numeric(10,2), note varchar(6))');
    await load({ a: 3 });
    await expect(load({ b: 30 })).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      message: expect.stringMatching(/a text too long for the column.*22001/),
    });
    expect(await count()).toBe(3);
    await client.query('ALTER TABLE orders ALTER note TYPE text');
    expect(await load({ b: 30 })).toMatchObject({ kind: 'loaded' });
  });

  it('more columns than a table may have are refused by name', async () => {
    await begin();
    const columns = Array.from({ length: 1700 }, (_, index) => ({ name: `c${index}`, type: 'INTEGER' }));
    const source = `(SELECT ${columns.map(({ name }, index) => `${index} AS ${name}`).join(', ')}, '${testObject('a')}'::UUID AS _sluice_object, 0::BIGINT AS _sluice_row)`;
    const wide = load({ a: 1 }, { columns, source, ...(mode === 'upsert' ? { key: ['c0'], orderBy: ['c1'] } : {}) });
    await expect(wide).rejects.toMatchObject({
      code: 'TARGET_MISMATCH',
      message: expect.stringMatching(/at most 1600 columns/),
    });
  });

  it('a table that somebody has locked is busy, and loaded later', async () => {
    await begin();
    await load({ a: 3 });
    await client.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE');
    await expect(load({ b: 5 })).rejects.toMatchObject({ code: 'TARGET_BUSY', retry: 'backoff' });
    await client.query('ROLLBACK');
    expect(await load({ b: 5 }, { attempt: 2 })).toMatchObject({ kind: 'loaded' });
  });

  it('a table whose owner is somebody else is denied, and loaded once the right is given', async () => {
    const role = `loader_${mode}_${Date.now()}`;
    await begin();
    await load({ a: 3 });
    const url = new URL(`postgres://${role}:p@${client.host}:${client.port}/${client.database ?? ''}`);
    await client.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA _sluice TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA _sluice TO ${role}`,
    );
    const loader = await openPostgresWarehouse({ name: 'test', url: url.href, schema: 'public' });
    const request = ordersLoad(
      session,
      { b: 5 },
      { mode, ...(mode === 'upsert' ? { key: ['id'], orderBy: ['amount'] } : {}) },
    );
    await expect(loader.load(request)).rejects.toMatchObject({
      code: 'TARGET_DENIED',
      message: expect.stringContaining('permission denied for table orders'),
    });
    expect(await count()).toBe(3);
    await client.query(`GRANT ALL ON orders TO ${role}`);
    expect(await loader.load({ ...request, attempt: 2 })).toMatchObject({ kind: 'loaded' });
    await loader.close();
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it('a full disk is said, nothing changed, and the load goes through once there is room', async () => {
    await begin();
    const disk = await openSmallDisk(client);
    await client.query(`${ORDERS}${disk.clause}`);
    await load({ a: 3 });
    await disk.fill('orders');
    const request = { b: 200_000 };
    await expect(load(request)).rejects.toMatchObject({
      code: 'TARGET_FULL',
      retry: 'backoff',
      message: expect.stringContaining('No space left on device'),
    });
    expect(await count()).toBe(3);
    await disk.widen('orders');
    expect(await load(request)).toMatchObject({ kind: 'loaded' });
    await client.query('DROP TABLE orders');
    await disk.close();
  });

  if (mode === 'append')
    it('a second row of a unique key is refused, the table as it was', async () => {
      await begin(`${ORDERS}; CREATE UNIQUE INDEX ON orders (id)`);
      await load({ a: 3 });
      await expect(load({ b: 5 })).rejects.toMatchObject({
        code: 'TARGET_REFUSED',
        facts: { constraint: 'orders_id_idx' },
      });
      expect(await count()).toBe(3);
    });

  if (mode === 'upsert')
    it('a table with several rows of a key is refused before the first row', async () => {
      await begin(`${ORDERS}; INSERT INTO orders VALUES (1), (1)`);
      await expect(load({ a: 3 })).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
      expect(await count()).toBe(2);
    });

  if (mode === 'replace')
    it('readers see the old rows or the new ones, never neither and never both; views and rights stay', async () => {
      await begin(
        `${ORDERS}; CREATE VIEW big AS SELECT * FROM orders; CREATE ROLE reader_${process.pid}; GRANT SELECT ON orders TO reader_${process.pid}`,
      );
      await load({ a: 20_000 });
      const seen = new Set<number>();
      const done = new AbortController();
      const polling = (async () => {
        while (!done.signal.aborted) seen.add(await count('big'));
      })();
      for (const size of [30_000, 10_000, 25_000]) await load({ [`b${size}`]: size });
      done.abort();
      await polling;
      expect([...seen].filter((rows) => ![20_000, 30_000, 10_000, 25_000].includes(rows))).toEqual([]);
      expect(seen.size).toBeGreaterThan(1);
      expect(await count('big')).toBe(25_000);
      const { rows } = await client.query(
        `SELECT has_table_privilege('reader_${process.pid}', 'orders', 'SELECT') AS yes`,
      );
      expect(rows).toEqual([{ yes: true }]);
      await client.query(`DROP OWNED BY reader_${process.pid}; DROP ROLE reader_${process.pid}`);
    });
});
