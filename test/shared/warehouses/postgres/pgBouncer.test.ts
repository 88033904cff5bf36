import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { WRITE_MODES } from '../../../../src/shared/warehouses/port.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { openTestSession, ordersLoad } from '../../../support/loadRequests.js';
import { hasPgBouncer, startPgBouncer } from '../../../support/pgBouncer.js';

const present = hasPgBouncer();
if (!present) process.stderr.write('not run here: loads through PgBouncer (no pgbouncer on the PATH)\n');

it.each(present ? WRITE_MODES : [])(
  'mode %s loads exactly once through PgBouncer in transaction mode, and leaves its sessions as they were',
  async (mode) => {
    const { session, close } = await openTestSession();
    onTestFinished(close);
    const bouncer = await startPgBouncer(await freshDatabase());
    onTestFinished(() => bouncer.close());
    const stop = new AbortController();
    let cut = false;
    const warehouse = await openPostgresWarehouse({
      name: 'test',
      url: bouncer.url,
      schema: 'public',
      onPhase: async (phase) => {
        if (cut && phase === 'copied') stop.abort(new Error('cut'));
      },
    });
    onTestFinished(() => warehouse.close());
    const shape = { mode, indexes: [{ columns: ['note'], include: [] }] } as const;
    const load = (objects: Record<string, number>) =>
      ordersLoad(session, objects, { ...shape, ...(mode === 'upsert' ? { key: ['id'], orderBy: ['amount'] } : {}) });
    const first = load({ a: 30, b: 20 });
    const twins = await Promise.all([warehouse.load(first), warehouse.load(first)]);
    expect(twins.map(({ kind }) => kind).sort()).toEqual(['already', 'loaded']);
    expect(twins.flatMap(({ notes = [] }) => notes)).toEqual([]);
    const next = load({ c: 40 });
    cut = true;
    await expect(warehouse.load({ ...next, signal: stop.signal })).rejects.toThrow('cut');
    cut = false;
    expect(await warehouse.load({ ...next, attempt: 2 })).toMatchObject({ kind: 'loaded' });
    const client = new Client({ connectionString: bouncer.url });
    await client.connect();
    const one = async (sql: string) => Object.values((await client.query(sql)).rows[0] ?? {})[0];
    expect(Number(await one('SELECT count(*) FROM orders'))).toBe({ append: 90, upsert: 40, replace: 40 }[mode]);
    expect(await one('SHOW statement_timeout')).toBe('0');
    expect(await one('SHOW lock_timeout')).toBe('0');
    await client.end();
  },
);

if (!present) it('is not run: there is no pgbouncer on the PATH', () => expect(present).toBe(false));
