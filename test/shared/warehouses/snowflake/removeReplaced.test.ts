import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { LoadRequest, Warehouse } from '../../../../src/shared/warehouses/port.js';
import { LOAD_PHASES } from '../../../../src/shared/warehouses/snowflake/loadBatch.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { openOn, startAccount } from '../../../support/snowflake/warehouse.js';

describe('a load into Snowflake that takes the place of older versions', () => {
  let session: EngineSession;
  let closeEngine: () => Promise<void>;
  const standIns: StandIn[] = [];
  beforeAll(async () => void ({ session, close: closeEngine } = await openTestSession()));
  afterAll(() => closeEngine());
  afterEach(async () => {
    expect(standIns.map(({ account }) => account.ddlInTransaction)).toEqual(standIns.map(() => 0));
    await Promise.all(standIns.splice(0).map((one) => one.close()));
  });

  const fresh = async () => {
    const account = await startAccount();
    standIns.push(account.standIn);
    return account;
  };
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
    const warehouse = openOn(await fresh());
    await warehouse.load(ordersLoad(session, { old: 5, other: 3 }));
    const receipt = await warehouse.load(replacing({ new: 2, more: 1 }, { old: 'new' }));
    expect(receipt).toMatchObject({ rows: 3, skipped: [] });
    expect(await accounts(warehouse, 'old', 'other', 'new', 'more')).toEqual({
      old: [0, 5],
      other: [3, 0],
      new: [2, 0],
      more: [1, 0],
    });
  });

  it('removes rows although the newer version has none', async () => {
    const warehouse = openOn(await fresh());
    await warehouse.load(ordersLoad(session, { old: 5 }));
    expect(await warehouse.load(replacing({ new: 0 }, { old: 'new' }))).toMatchObject({ kind: 'loaded', rows: 0 });
    expect(await accounts(warehouse, 'old', 'new')).toEqual({ old: [0, 5], new: [0, 0] });
  });

  it('keeps the newest of three versions, in whichever order they come', async () => {
    for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
      const warehouse = openOn(await fresh());
      const loads: Record<string, LoadRequest> = {
        a: ordersLoad(session, { a: 1, other: 3 }),
        b: replacing({ b: 2 }, { a: 'b' }),
        c: replacing({ c: 3 }, { a: 'c', b: 'c' }),
      };
      for (const version of order) await warehouse.load(loads[version]!);
      expect([order, await accounts(warehouse, 'a', 'b', 'c', 'other')]).toEqual([
        order,
        { a: [0, 1], b: [0, 2], c: [3, 0], other: [3, 0] },
      ]);
    }
  });

  it.each(LOAD_PHASES)('has the newer rows and not the older, though the older come by at %s', async (at) => {
    const account = await fresh();
    const late = ordersLoad(session, { old: 5, other: 3 });
    const request = replacing({ new: 2 }, { old: 'new' });
    const healthy = openOn(account);
    const rival: Promise<unknown>[] = [];
    const held = openOn(account, {
      onPhase: async (phase) => {
        if (phase !== at) return;
        const older = healthy.load(late).catch((error: unknown) => error);
        rival.push(older);
        await Promise.race([older, until(() => account.standIn.account.waiting() > 0)]);
      },
    });
    await held.load(request);
    await Promise.all(rival);
    await healthy.load({ ...late, attempt: 2 });
    expect(await accounts(healthy, 'old', 'other', 'new')).toEqual({ old: [0, 5], other: [3, 0], new: [2, 0] });
  });

  it.each(LOAD_PHASES)('has the newer rows once after a crash at %s and a retry', async (phase) => {
    const account = await fresh();
    const healthy = openOn(account);
    await healthy.load(ordersLoad(session, { old: 2_000, other: 3 }));
    const request = replacing({ new: 3_000 }, { old: 'new' });
    const crashing = openOn(account, {
      onPhase: async (at) => {
        if (at === phase) await account.standIn.cut();
      },
    });
    await crashing.load(request).catch(() => {});
    const again = openOn(account);
    expect([
      { old: [2_000, 0], new: [0, 0] },
      { old: [0, 2_000], new: [3_000, 0] },
    ]).toContainEqual(await accounts(again, 'old', 'new'));
    await again.load({ ...request, attempt: 2 });
    expect(await accounts(again, 'old', 'other', 'new')).toEqual({ old: [0, 2_000], other: [3, 0], new: [3_000, 0] });
  });
});

async function until(holds: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!holds()) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
}
