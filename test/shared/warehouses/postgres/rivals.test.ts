import { expect, it, onTestFinished } from 'vitest';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { type CopyUnderWay, readCopies } from '../../../../src/shared/warehouses/postgres/rivals.js';
import { freshDatabase } from '../../../support/databases.js';
import { openTestSession, ordersLoad } from '../../../support/loadRequests.js';

it.each(['append', 'upsert'] as const)(
  'a load whose rows flow is found by its batch in what the server says of its copies, mode %s',
  async (mode) => {
    const { session, close } = await openTestSession();
    onTestFinished(close);
    const url = await freshDatabase();
    const place = { table: 'orders', schema: 'public' };
    const seen: (readonly CopyUnderWay[])[] = [];
    const warehouse = await openPostgresWarehouse({
      name: 'test',
      url,
      schema: 'public',
      onPhase: async (phase) => {
        if (phase !== 'copying') return;
        seen.push(await readCopies(warehouse, place), await readCopies(warehouse, { ...place, table: 'others' }));
      },
    });
    onTestFinished(() => warehouse.close());
    const request = ordersLoad(
      session,
      { a: 30_000 },
      { mode, attempt: 3, ...(mode === 'upsert' ? { key: ['id'] } : {}) },
    );
    await warehouse.load(request);
    const [mine, others] = seen;
    expect(mine).toEqual([
      {
        batch: request.batch,
        attempt: 3,
        rows: expect.any(Number),
        bytes: expect.any(Number),
        seconds: expect.any(Number),
      },
    ]);
    expect(others).toEqual([]);
    expect(await readCopies(warehouse, place)).toEqual([]);
  },
);
