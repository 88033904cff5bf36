import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { brittleProxy } from '../../../support/brittleProxy.js';
import { freshDatabase } from '../../../support/databases.js';
import { openTestSession, ordersLoad } from '../../../support/loadRequests.js';

it('stops when it is told to though the target has stopped reading, and frees the locks', async () => {
  const { session, close } = await openTestSession();
  onTestFinished(close);
  const url = await freshDatabase();
  const proxy = await brittleProxy(url);
  const abort = new AbortController();
  const stalled = await openPostgresWarehouse({
    name: 'test',
    url: proxy.url,
    schema: 'public',
    onPhase: async (phase) => {
      if (phase !== 'copying') return;
      proxy.stall();
      // By then more bytes are under way than all the buffers on the way hold.
      setTimeout(() => abort.abort(new Error('shutting down')), 1_000);
    },
  });
  const request = ordersLoad(session, { a: 1_000_000 });
  await expect(stalled.load({ ...request, signal: abort.signal })).rejects.toThrow('shutting down');
  await proxy.cut();
  await stalled.close();
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query('SELECT count(*)::int AS n FROM orders');
  expect(rows).toEqual([{ n: 0 }]);
  const healthy = await openPostgresWarehouse({ name: 'test', url, schema: 'public' });
  onTestFinished(() => healthy.close());
  expect(await healthy.load({ ...request, attempt: 2 })).toMatchObject({ kind: 'loaded', rows: 1_000_000 });
});
