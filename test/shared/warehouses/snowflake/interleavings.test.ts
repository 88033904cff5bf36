import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { LoadReceipt, LoadRequest } from '../../../../src/shared/warehouses/port.js';
import { LOAD_PHASES } from '../../../../src/shared/warehouses/snowflake/loadBatch.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { accounted, modelTable, printModel, sortRows, stateBatch, stateLoad } from '../../../support/tableModel.js';
import { openOn, startAccount } from '../../../support/snowflake/warehouse.js';

describe('two loads at once, one held still where the other goes on', () => {
  let session: EngineSession;
  let other: EngineSession;
  const closers: (() => Promise<void>)[] = [];
  const standIns: StandIn[] = [];
  beforeAll(async () => {
    const engines = await Promise.all([openTestSession(), openTestSession()]);
    [session, other] = [engines[0].session, engines[1].session];
    closers.push(...engines.map(({ close }) => close));
  });
  afterAll(() => Promise.all(closers.map((close) => close())));
  afterEach(async () => {
    expect(standIns.map(({ account }) => account.ddlInTransaction)).toEqual(standIns.map(() => 0));
    await Promise.all(standIns.splice(0).map((one) => one.close()));
  });

  /** Loads both, the second from its start to its end, or until it waits for a lock of the first, while the first stands at the phase. */
  const interleave = async (at: string, first: LoadRequest, second: LoadRequest) => {
    const account = await startAccount();
    standIns.push(account.standIn);
    const outcomes: Promise<Outcome>[] = [];
    const loaded = (request: LoadRequest, held?: () => Promise<void>) =>
      openOn(account, {
        onPhase: async (phase) => {
          if (phase === at) await held?.();
        },
      })
        .load(request)
        .then<Outcome, Outcome>(
          (receipt) => receipt,
          (error: { code: string }) => ({ kind: error.code }),
        );
    const whole = loaded(first, async () => {
      const rival = loaded(second);
      outcomes.push(rival);
      await Promise.race([rival, until(() => account.standIn.account.waiting() > 0)]);
    });
    const kinds = [await whole, ...(await Promise.all(outcomes))];
    const warehouse = openOn(account);
    const counts = async (table = 'orders') => {
      const present = await warehouse.presentRows(table, ['a', 'b', 'c'].map(testObject));
      return ['a', 'b', 'c'].map((key) => present.find(({ object }) => object === testObject(key))?.present ?? 0);
    };
    return { kinds, warehouse, counts };
  };

  it.each(LOAD_PHASES)('enters a batch once when its next attempt goes by at %s', async (at) => {
    const request = ordersLoad(session, { a: 3, b: 2 });
    const { kinds, warehouse, counts } = await interleave(at, request, { ...request, attempt: 2, session: other });
    const names = kinds.map(({ kind }) => kind);
    expect(names.filter((kind) => kind === 'loaded')).toHaveLength(1);
    // Whoever comes last removes what all attempts have put: one that then copies finds its files gone.
    const rivals = ['loaded', 'already', 'LOAD_FENCED', ...(at === 'copying' ? ['TARGET_BUSY'] : [])];
    expect(names.filter((kind) => !rivals.includes(kind))).toEqual([]);
    expect(await counts()).toEqual([3, 2, 0]);
    expect(await warehouse.load({ ...request, attempt: 3 })).toMatchObject({ kind: 'already', rows: 5 });
  });

  it.each(LOAD_PHASES)('has an object once when another batch brings it too at %s', async (at) => {
    const [first, second] = [ordersLoad(session, { a: 3, b: 2 }), ordersLoad(other, { b: 2, c: 4 })];
    const { kinds, warehouse, counts } = await interleave(at, first, second);
    expect(kinds.every(({ kind }) => ['loaded', 'TARGET_BUSY'].includes(kind))).toBe(true);
    for (const request of [first, second]) await warehouse.load({ ...request, attempt: 2 });
    expect(await counts()).toEqual([3, 2, 4]);
  });

  it.each(LOAD_PHASES)('has one row a key, the newer, when two batches are merged, one held at %s', async (at) => {
    const old = stateBatch({ a: [[1, 1, 'one'], [2, 1, 'two']] }); // prettier-ignore
    const young = stateBatch({ b: [[1, 2, 'one again'], [3, 2, 'three']] }); // prettier-ignore
    for (const [first, second] of [
      [old, young],
      [young, old],
    ] as const) {
      const { kinds, warehouse } = await interleave(
        at,
        stateLoad(session, 'upsert', first),
        stateLoad(other, 'upsert', second),
      );
      expect(kinds.map(({ kind }) => kind)).toEqual(['loaded', 'loaded']);
      const { rows } = await warehouse.ask('SELECT id, seen, note FROM states');
      expect(sortRows(rows)).toEqual(printModel(modelTable('upsert', [old, young])));
      const counts = await warehouse.presentRows('states', ['a', 'b'].map(testObject));
      expect(counts.map(accounted)).toEqual([2, 2]);
    }
  });

  it.each(LOAD_PHASES)('lets a batch of other objects and one of another table go by at %s', async (at) => {
    const first = ordersLoad(session, { a: 3 });
    for (const table of ['orders', 'clicks']) {
      const { kinds, counts } = await interleave(at, first, ordersLoad(other, { b: 2 }, { table }));
      expect(kinds.map(({ kind }) => kind)).toEqual(['loaded', 'loaded']);
      expect(await counts()).toEqual([3, table === 'orders' ? 2 : 0, 0]);
      expect(await counts(table)).toEqual([table === 'orders' ? 3 : 0, 2, 0]);
    }
  });
});

interface Outcome {
  readonly kind: LoadReceipt['kind'] | string;
}

async function until(holds: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!holds()) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
}
