import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { Warehouse } from '../../../../src/shared/warehouses/port.js';
import type { PostgresWarehouseOptions } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { openPostgresWarehouse } from '../../../../src/shared/warehouses/postgres/openPostgresWarehouse.js';
import { freshDatabase } from '../../../support/databases.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';

describe('a load into Postgres', () => {
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

  const open = async (url: string, options: Partial<PostgresWarehouseOptions> = {}): Promise<Warehouse> => {
    const warehouse = await openPostgresWarehouse({ name: 'test', url, schema: 'public', ...options });
    closers.push(() => warehouse.close());
    return warehouse;
  };
  const connectTo = async (url: string): Promise<Client> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    closers.push(() => client.end());
    return client;
  };
  const rowsOf = async (url: string, sql: string) => (await (await connectTo(url)).query(sql)).rows;

  /** Until a connection of the database waits for another's lock. */
  const untilSomebodyWaits = async (url: string) => {
    const client = await connectTo(url);
    const waits =
      'SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()';
    while ((await client.query(waits)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('is found again when the answer to its COMMIT was lost', async () => {
    const url = await freshDatabase();
    const proxy = await loseAnswerToCommit(url);
    closers.push(proxy.close);
    const request = ordersLoad(session, { a: 3 });
    await expect((await open(proxy.url)).load(request)).rejects.toMatchObject({ code: 'TARGET_AWAY' });
    expect(proxy.lost()).toBe(1);
    expect(await (await open(url)).load({ ...request, attempt: 2 })).toMatchObject({ kind: 'already', rows: 3 });
    expect(await rowsOf(url, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 3 }]);
  });

  it('commits nothing when the fence has risen above it', async () => {
    const url = await freshDatabase();
    const warehouse = await open(url, {
      onPhase: async (phase) => {
        if (phase === 'copied') await rowsOf(url, 'UPDATE _sluice.fences SET attempt = 2');
      },
    });
    const refusal = warehouse.load(ordersLoad(session, { a: 3 }));
    await expect(refusal).rejects.toMatchObject({ code: 'LOAD_FENCED', facts: { attempt: 1, fence: 2 } });
    expect(await rowsOf(url, 'SELECT FROM orders UNION ALL SELECT FROM _sluice.loads')).toEqual([]);
  });

  it('answers already when its twin commits while it waits', async () => {
    const url = await freshDatabase();
    const request = ordersLoad(session, { a: 3 });
    const twin = await open(url);
    let second: Promise<unknown> = Promise.resolve();
    const first = await open(url, {
      onPhase: async (phase) => {
        if (phase !== 'load-claimed') return;
        second = twin.load(request);
        await untilSomebodyWaits(url);
      },
    });
    expect(await first.load(request)).toMatchObject({ kind: 'loaded', rows: 3 });
    expect(await second).toMatchObject({ kind: 'already', rows: 3 });
  });

  it('does not wait for an older attempt that froze amid its rows', async () => {
    const url = await freshDatabase();
    let thaw = () => {};
    const frozen = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    let reached = () => {};
    const amid = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const older = await open(url, {
      onPhase: async (phase) => {
        if (phase !== 'copying') return;
        reached();
        await frozen;
      },
    });
    const request = ordersLoad(session, { a: 30_000 });
    const lost = older.load(request).catch((error: { code: string }) => error.code);
    await amid;
    const other = await openTestSession();
    closers.push(other.close);
    const newer = await open(url, { bounds: { lockTimeoutMs: 2_000 } });
    const outcome = await newer.load({ ...request, attempt: 2, session: other.session }).finally(thaw);
    expect(outcome).toMatchObject({ kind: 'loaded' });
    expect(await lost).toBe('TARGET_AWAY');
    expect(await older.load(request)).toMatchObject({ kind: 'already' });
  });

  it('lets many batches into a new table at once', async () => {
    const warehouse = await open(await freshDatabase());
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const receipts = await Promise.all(keys.map((key) => warehouse.load(ordersLoad(session, { [key]: 10 }))));
    expect(receipts.every(({ kind }) => kind === 'loaded')).toBe(true);
    expect(await warehouse.presentRows('orders', keys.map(testObject))).toHaveLength(6);
  });

  it('makes the schema of the table when it is absent, and keeps the books by the whole name', async () => {
    const url = await freshDatabase();
    const warehouse = await open(url, { schema: 'Analytics' });
    await warehouse.load(ordersLoad(session, { a: 1 }));
    await warehouse.load(ordersLoad(session, { a: 1 }, { table: 'Sales.Orders' }));
    expect(await rowsOf(url, 'SELECT table_name FROM _sluice.load_objects ORDER BY 1')).toEqual([
      { table_name: 'analytics.orders' },
      { table_name: 'sales.orders' },
    ]);
  });

  it('gives up a table that somebody has locked, after its bound, and says so', async () => {
    const url = await freshDatabase();
    const warehouse = await open(url, { bounds: { lockTimeoutMs: 200 } });
    await warehouse.load(ordersLoad(session, { a: 1 }));
    const locker = await connectTo(url);
    await locker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    await expect(warehouse.load(ordersLoad(session, { b: 1 }))).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    await locker.query('ROLLBACK');
  });

  it('takes no lock that shuts out readers or other loads while rows flow', async () => {
    const url = await freshDatabase();
    let locks: { mode: string }[] = [];
    const warehouse = await open(url, {
      onPhase: async (phase) => {
        if (phase === 'copied')
          locks = await rowsOf(url, `SELECT mode FROM pg_locks WHERE relation = 'orders'::regclass`);
      },
    });
    await warehouse.load(ordersLoad(session, { a: 1 }));
    expect(locks.map(({ mode }) => mode)).toEqual(['RowExclusiveLock']);
  });

  it('runs no DDL and few statements once the table stands', async () => {
    const url = await freshDatabase();
    const warehouse = await open(url);
    await warehouse.load(ordersLoad(session, { a: 1 }));
    const oid = await rowsOf(url, `SELECT xmin::text FROM pg_class WHERE oid = 'orders'::regclass`);
    await warehouse.load(ordersLoad(session, { b: 1 }));
    expect(await rowsOf(url, `SELECT xmin::text FROM pg_class WHERE oid = 'orders'::regclass`)).toEqual(oid);
  });

  it('says which right is missing', async () => {
    const url = await freshDatabase();
    const admin = await connectTo(url);
    const role = `loader_${Date.now()}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`);
    closers.push(() => admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    const own = new URL(url);
    own.username = role;
    own.password = 'p';
    const warehouse = await open(own.href);
    const load = () => warehouse.load(ordersLoad(session, { a: 1 }));
    const denied = (text: RegExp) => ({ code: 'TARGET_DENIED', message: expect.stringMatching(text) });
    await expect(load()).rejects.toMatchObject(denied(/permission denied for database/));
    await admin.query(`GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`);
    await expect(load()).rejects.toMatchObject(denied(/permission denied for schema public/));
    await admin.query(`GRANT CREATE ON SCHEMA public TO ${role}`);
    expect(await load()).toMatchObject({ kind: 'loaded' });
    const wrong = new URL(url);
    wrong.username = 'nobody_of_that_name';
    const stranger = await open(wrong.href);
    await expect(stranger.load(ordersLoad(session, { b: 1 }))).rejects.toMatchObject({ code: 'TARGET_DENIED' });
  });

  it.each([
    ['UNIQUE (id)', /second row with the same unique key.*orders_id_key/],
    ['CHECK (amount > 1000)', /breaks a check.*orders_amount_check/],
  ])('refuses rows against %s without quoting them', async (constraint, reason) => {
    const url = await freshDatabase();
    await rowsOf(url, `CREATE TABLE orders (id bigint, amount numeric(10,2), note text, ${constraint})`);
    const warehouse = await open(url);
    await warehouse.load(ordersLoad(session, { a: 0 }));
    const request = ordersLoad(session, { b: 2, c: 2 });
    const refusal = await warehouse.load(request).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TARGET_REFUSED', message: expect.stringMatching(reason) });
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain('note ');
    expect(refusal).not.toHaveProperty('cause');
  });

  it('says that the server is away', async () => {
    const warehouse = await open('postgres://u:secret@127.0.0.1:1/x');
    const refusal = await warehouse.load(ordersLoad(session, { a: 1 })).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TARGET_AWAY' });
    expect(String(refusal)).not.toContain('secret');
  });

  it.each([
    ['postgres://loader:se%40cret@db:5432/raw?sslpassword=x', 'postgres://loader@db:5432/raw'],
    ['postgresql://db/raw', 'postgresql://db/raw'],
  ])('shows %s to people without what is secret', async (url, shown) => {
    expect((await open(url)).displayUrl).toBe(shown);
  });

  it('refuses a view', async () => {
    const url = await freshDatabase();
    await rowsOf(url, 'CREATE VIEW orders AS SELECT 1 AS id');
    const refused = (await open(url)).load(ordersLoad(session, { a: 1 }));
    await expect(refused).rejects.toMatchObject({ code: 'TARGET_MISMATCH' });
  });
});

/** A way to the server that hands every byte on, until a COMMIT after a COPY: its answer never comes. */
async function loseAnswerToCommit(url: string) {
  const { hostname, port } = new URL(url);
  let lost = 0;
  const server = createServer((down) => {
    const up = connect(Number(port), hostname);
    let [copied, committing] = [false, false];
    down.on('data', (bytes) => {
      copied ||= bytes.includes('COPY ');
      up.write(bytes);
      committing ||= copied && bytes.includes('COMMIT');
    });
    up.on('data', (bytes) => {
      if (!committing) return void down.write(bytes);
      lost += 1;
      down.destroy();
    });
    for (const [one, other] of [
      [down, up],
      [up, down],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const through = new URL(url);
  through.host = `127.0.0.1:${address.port}`;
  return {
    url: through.href,
    lost: () => lost,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
