import { expect, it, onTestFinished } from 'vitest';
import { listCopies } from '../../src/cli/copies.js';
import type { Warehouse } from '../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../support/databases.js';
import { openTestSession, ordersLoad } from '../support/loadRequests.js';

it('lists what flows into each Postgres table of a dataset, and notes a target that does not answer', async () => {
  const { session, close } = await openTestSession();
  onTestFinished(close);
  const there = { name: 'there', url: await freshDatabase(), schema: 'public' };
  const opened = new Map<string, Warehouse>();
  const notes: string[] = [];
  const list = () =>
    listCopies(
      {
        targets: {
          away: { type: 'postgres', schema: 'public' },
          there: { type: 'postgres', schema: 'public' },
          snow: { type: 'snowflake', schema: 'PUBLIC' },
        },
        warehouse: (name) => opened.get(name) ?? expect.fail(`nobody may ask ${name}`),
        note: (text) => void notes.push(text),
      },
      { load: ['away', 'there', 'snow'].map((target) => ({ target, table: 'orders', mode: 'append' as const })) },
    );
  const seen: Awaited<ReturnType<typeof list>>[] = [];
  const onPhase = async (phase: string) => {
    if (phase === 'copying') seen.push(await list());
  };
  opened.set('away', await openPostgresWarehouse({ ...there, url: 'postgres://nobody@127.0.0.1:1/none' }));
  opened.set('there', await openPostgresWarehouse({ ...there, onPhase }));
  for (const warehouse of opened.values()) onTestFinished(() => warehouse.close());
  const request = ordersLoad(session, { a: 30_000 });
  await opened.get('there')?.load(request);
  expect(seen).toEqual([
    [expect.objectContaining({ target: 'there', table: 'orders', batch: request.batch, attempt: 1 })],
  ]);
  expect(notes).toEqual([expect.stringMatching(/^what flows into away is not known: .*ECONNREFUSED/)]);
});
