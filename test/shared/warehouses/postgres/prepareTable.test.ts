import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { PostgresWarehouseOptions } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { openTestSession, ordersLoad, testObject } from '../../../support/loadRequests.js';

describe('a table that changes', () => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    ({ session, close: closeEngine } = await openTestSession());
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(() => closeEngine());

  const open = async (url: string, options: Partial<PostgresWarehouseOptions> = {}) => {
    const warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public', ...options });
    closers.push(() => warehouse.close());
    return warehouse;
  };
  const rowsOf = async (url: string, sql: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(sql).finally(() => client.end());
    return rows;
  };
  /** A load of one column `id` with the values 1, 2, 3. */
  const idsLoad = (key: string, type: string) =>
    ordersLoad(
      session,
      { [key]: 3 },
      {
        columns: [{ name: 'id', type }],
        source: `(SELECT (i + 1)::${type} AS id, '${testObject(key)}'::UUID AS _sluice_object, i AS _sluice_row FROM range(3) t(i))`,
      },
    );

  it.each(['table-ready', 'objects-claimed', 'removed'])(
    'keeps the values of a load when another widens the column at %s',
    async (at) => {
      const url = await freshDatabase();
      const plain = await open(url);
      await plain.load(idsLoad('seed', 'BIGINT'));
      const racing = await open(url, {
        onPhase: async (phase) => {
          if (phase === at) await plain.load(idsLoad('wide', 'HUGEINT'));
        },
      });
      expect(await racing.load(idsLoad('narrow', 'BIGINT'))).toMatchObject({ kind: 'loaded', rows: 3 });
      const narrow = `SELECT id::text FROM orders WHERE _sluice_object = '${testObject('narrow')}' ORDER BY _sluice_row`;
      expect(await rowsOf(url, narrow)).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
      expect(await rowsOf(url, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 9 }]);
    },
  );

  it('may take as long for the widening of a large table as for rows', async () => {
    const url = await freshDatabase();
    await (await open(url)).load(idsLoad('seed', 'BIGINT'));
    // Checked for each row when the table is written anew.
    await rowsOf(url, `ALTER TABLE orders ADD CHECK (id IS NOT NULL AND pg_sleep(0.8)::text = '')`);
    const hasty = await open(url, { bounds: { statementTimeoutMs: 2_000 } });
    expect(await hasty.load(idsLoad('wide', 'HUGEINT'))).toMatchObject({ kind: 'loaded', rows: 3 });
  });

  it('tries again when somebody takes a column away before the rows', async () => {
    const url = await freshDatabase();
    const plain = await open(url);
    await plain.load(idsLoad('seed', 'BIGINT'));
    const racing = await open(url, {
      onPhase: async (phase) => {
        if (phase === 'removed') await rowsOf(url, 'ALTER TABLE orders DROP COLUMN id');
      },
    });
    await expect(racing.load(idsLoad('late', 'BIGINT'))).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    expect(await plain.load(idsLoad('late', 'BIGINT'))).toMatchObject({ kind: 'loaded', rows: 3 });
  });

  it('writes no table anew that is larger than it may, but widens what keeps its bytes', async () => {
    const url = await freshDatabase();
    const warehouse = await open(url, { bounds: { rewriteBytes: 1000 } });
    await warehouse.load(idsLoad('a', 'INTEGER'));
    await expect(warehouse.load(idsLoad('b', 'BIGINT'))).rejects.toMatchObject({
      code: 'TARGET_MISMATCH',
      message: expect.stringMatching(/at most 1000 bytes to write anew for the wider "id" of public.orders, got \d+/),
    });
    expect(await (await open(url)).load(idsLoad('b', 'BIGINT'))).toMatchObject({ kind: 'loaded' });
    const decimals = await freshDatabase();
    const other = await open(decimals, { bounds: { rewriteBytes: 1000 } });
    await other.load(idsLoad('a', 'DECIMAL(6,2)'));
    expect(await other.load(idsLoad('b', 'DECIMAL(9,2)'))).toMatchObject({ kind: 'loaded' });
    await expect(other.load(idsLoad('c', 'DECIMAL(12,4)'))).rejects.toMatchObject({ code: 'TARGET_MISMATCH' });
  });
});
