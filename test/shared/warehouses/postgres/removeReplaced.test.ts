import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { LoadRequest, Warehouse } from '../../../../src/shared/warehouses/port.js';
import { LOAD_PHASES } from '../../../../src/shared/warehouses/postgres/loadBatch.js';
import type { PostgresWarehouseOptions } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';

describe('a load that takes the place of older versions', () => {
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

  const open = async (url: string, onPhase?: PostgresWarehouseOptions['onPhase']): Promise<Warehouse> => {
    const options = onPhase === undefined ? {} : { onPhase };
    const warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public', ...options });
    closers.push(() => warehouse.close());
    return warehouse;
  };
  const query = async (url: string, sql: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    return client.query(sql).finally(() => client.end());
  };
  const cut = (url: string) =>
    query(
      url,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    );
  const replacing = (objects: Record<string, number>, removes: Record<string, string>): LoadRequest =>
    ordersLoad(session, objects, {
      removes: Object.entries(removes).map(([old, by]) => ({ object: testObject(old), by: testObject(by) })),
    });
  const accounts = async (warehouse: Warehouse, ...keys: string[]) => {
    const counts = await warehouse.presentRows('orders', keys.map(testObject));
    return Object.fromEntries(
      keys.map((key) => {
        const { present = 0, removed = 0 } = counts.find(({ object }) => object === testObject(key)) ?? {};
        return [key, [present, removed]];
      }),
    );
  };

  it('removes exactly their rows, and keeps in the books how many', async () => {
    const warehouse = await open(await freshDatabase());
    await warehouse.load(ordersLoad(session, { old: 5, other: 3 }));
    expect(await warehouse.load(replacing({ new: 2, more: 1 }, { old: 'new' }))).toMatchObject({
      rows: 3,
      skipped: [],
    });
    expect(await accounts(warehouse, 'old', 'other', 'new', 'more')).toEqual({
      old: [0, 5],
      other: [3, 0],
      new: [2, 0],
      more: [1, 0],
    });
  });

  it('removes rows although the newer version has none', async () => {
    const warehouse = await open(await freshDatabase());
    await warehouse.load(ordersLoad(session, { old: 5 }));
    expect(await warehouse.load(replacing({ new: 0 }, { old: 'new' }))).toMatchObject({ kind: 'loaded', rows: 0 });
    expect(await accounts(warehouse, 'old', 'new')).toEqual({ old: [0, 5], new: [0, 0] });
  });

  it('leaves an older version out that comes after it, and the batch that brings it goes on', async () => {
    const warehouse = await open(await freshDatabase());
    const late = ordersLoad(session, { old: 5, other: 3 });
    await warehouse.load(replacing({ new: 2 }, { old: 'new' }));
    expect(await warehouse.load(late)).toMatchObject({ kind: 'loaded', rows: 3, skipped: [testObject('old')] });
    expect(await accounts(warehouse, 'old', 'other', 'new')).toEqual({ old: [0, 5], other: [3, 0], new: [2, 0] });
  });

  it('keeps the newest of three versions, in whichever order they come', async () => {
    const orders = [
      ['a', 'b', 'c'],
      ['a', 'c', 'b'],
      ['b', 'a', 'c'],
      ['b', 'c', 'a'],
      ['c', 'a', 'b'],
      ['c', 'b', 'a'],
    ];
    for (const order of orders) {
      const warehouse = await open(await freshDatabase());
      const loads: Record<string, LoadRequest> = {
        a: ordersLoad(session, { a: 1 }),
        b: replacing({ b: 2 }, { a: 'b' }),
        c: replacing({ c: 3 }, { a: 'c', b: 'c' }),
      };
      for (const version of order) await warehouse.load(loads[version]!);
      expect([order.join(''), await accounts(warehouse, 'a', 'b', 'c')]).toEqual([
        order.join(''),
        { a: [0, 1], b: [0, 2], c: [3, 0] },
      ]);
    }
  });

  it('keeps the newest of three versions when all are loaded at once', async () => {
    for (let round = 0; round < 5; round++) {
      const warehouse = await open(await freshDatabase());
      const sessions = await Promise.all([openTestSession(), openTestSession(), openTestSession()]);
      const loads = [
        ordersLoad(session, { a: 3000 }),
        replacing({ b: 2000 }, { a: 'b' }),
        replacing({ c: 1000 }, { a: 'c', b: 'c' }),
      ];
      await Promise.all(loads.map((load, index) => warehouse.load({ ...load, session: sessions[index]!.session })));
      expect(await accounts(warehouse, 'a', 'b', 'c')).toEqual({ a: [0, 3000], b: [0, 2000], c: [1000, 0] });
      await Promise.all(sessions.map(({ close }) => close()));
    }
  });

  it.each(LOAD_PHASES)(
    'has the newer rows once and the older ones not, after a crash at %s and a retry',
    async (phase) => {
      const url = await freshDatabase();
      await (await open(url)).load(ordersLoad(session, { old: 20_000, other: 3 }));
      const request = replacing({ new: 30_000 }, { old: 'new' });
      let cuts = 0;
      const crashing = await open(url, async (at) => {
        if (at !== phase) return;
        cuts += 1;
        await cut(url);
      });
      await crashing.load(request).catch(() => {});
      expect(cuts).toBe(1);
      const healthy = await open(url);
      const whole = await accounts(healthy, 'old', 'new');
      expect([
        { old: [20_000, 0], new: [0, 0] },
        { old: [0, 20_000], new: [30_000, 0] },
      ]).toContainEqual(whole);
      await healthy.load({ ...request, attempt: 2 });
      expect(await accounts(healthy, 'old', 'other', 'new')).toEqual({
        old: [0, 20_000],
        other: [3, 0],
        new: [30_000, 0],
      });
    },
  );

  it('brings books of an earlier shape along', async () => {
    const url = await freshDatabase();
    const warehouse = await open(url);
    await warehouse.load(ordersLoad(session, { old: 5 }));
    await query(url, 'ALTER TABLE _sluice.load_objects DROP COLUMN removed, DROP COLUMN replaced_by');
    expect(await accounts(warehouse, 'old')).toEqual({ old: [5, 0] });
    await warehouse.load(replacing({ new: 2 }, { old: 'new' }));
    expect(await accounts(warehouse, 'old', 'new')).toEqual({ old: [0, 5], new: [2, 0] });
  });
});
