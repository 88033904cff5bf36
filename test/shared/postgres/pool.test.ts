import { connect, createServer } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import { isConnectionError, openPool, withTransaction } from '../../../src/shared/postgres/pool.js';
import { freshDatabase } from '../../support/databases.js';

async function freshPool(max = 4) {
  const pool = openPool({ url: await freshDatabase(), max, applicationName: 'pool-test', statementTimeoutMs: 30_000 });
  onTestFinished(() => pool.end());
  await pool.query('CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)');
  return pool;
}

test('a transaction commits what its work did, or nothing when it throws', async () => {
  const pool = await freshPool();
  expect(
    await withTransaction(pool, async (client) => (await client.query('UPDATE t SET n = 1 WHERE id = 1')).rowCount),
  ).toBe(1);
  const failing = withTransaction(pool, async (client) => {
    await client.query('UPDATE t SET n = 2');
    throw new Error('stop');
  });
  await expect(failing).rejects.toThrow('stop');
  expect((await pool.query('SELECT n FROM t ORDER BY id')).rows).toEqual([{ n: 1 }, { n: 0 }]);
  expect(pool.idleCount).toBe(pool.totalCount);
});

test('transactions that lock each other out are run again until both commit', async () => {
  const pool = await freshPool();
  let [runs, locks] = [0, 0];
  let bothLocked = () => {};
  const locked = new Promise<void>((resolve) => (bothLocked = resolve));
  const both = (first: number, second: number) =>
    withTransaction(pool, async (client) => {
      runs++;
      await client.query('UPDATE t SET n = n + 1 WHERE id = $1', [first]);
      if (++locks === 2) bothLocked();
      await locked;
      await client.query('UPDATE t SET n = n + 1 WHERE id = $1', [second]);
    });
  await Promise.all([both(1, 2), both(2, 1)]);
  expect((await pool.query('SELECT n FROM t')).rows).toEqual([{ n: 2 }, { n: 2 }]);
  expect(runs).toBeGreaterThan(2);
});

test('a connection that dies inside a transaction is an error of the connection, and is replaced', async () => {
  const pool = await freshPool(1);
  const other = openPool({ url: inject('postgresUrl'), max: 1, applicationName: 'killer' });
  onTestFinished(() => other.end());
  const dying = withTransaction(pool, async (client) => {
    const pid: number = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    await other.query('SELECT pg_terminate_backend($1)', [pid]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.query('SELECT 1');
  });
  expect(isConnectionError(await dying.catch((error: unknown) => error))).toBe(true);
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

test('counts and sums arrive as numbers, and a statement cannot run for ever', async () => {
  const pool = openPool({ url: await freshDatabase(), max: 1, applicationName: 'pool-test', statementTimeoutMs: 1000 });
  onTestFinished(() => pool.end());
  expect(
    (await pool.query(`SELECT count(*), 9007199254740991::bigint AS most, now() AS at, '{1}'::bigint[] AS many`)).rows,
  ).toEqual([{ count: 1, most: Number.MAX_SAFE_INTEGER, at: expect.any(Date), many: expect.anything() }]);
  const slow = await pool.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
  expect(slow).toMatchObject({ code: '57014' });
  expect(isConnectionError(slow)).toBe(false);
});

test('refused and unknown hosts are errors of the connection; refused statements are not', async () => {
  const refused = openPool({ url: 'postgres://nobody@127.0.0.1:1/none', max: 1, applicationName: 'pool-test' });
  const unknown = openPool({
    url: 'postgres://nobody@no-such-host.invalid/none',
    max: 1,
    applicationName: 'pool-test',
  });
  for (const pool of [refused, unknown]) {
    onTestFinished(() => pool.end());
    expect(isConnectionError(await pool.query('SELECT 1').catch((error: unknown) => error))).toBe(true);
  }
  const pool = await freshPool();
  expect(isConnectionError(await pool.query('SELECT nothing').catch((error: unknown) => error))).toBe(false);
  expect(isConnectionError(new Error('Connection terminated unexpectedly'))).toBe(true);
  expect(isConnectionError(undefined)).toBe(false);
});

test('a session that a pooler shares with others is left with its own settings', async () => {
  const url = await freshDatabase();
  const timeout = async (through: string) => {
    const pool = openPool({ url: through, max: 1, applicationName: 'pool-test', statementTimeoutMs: 5000 });
    onTestFinished(() => pool.end());
    return (await pool.query('SHOW statement_timeout')).rows;
  };
  expect(await timeout(url)).toEqual([{ statement_timeout: '5s' }]);
  expect(await timeout(await likeAPooler(url))).toEqual([{ statement_timeout: '0' }]);
});

/** The server's URL by way of a proxy that names another process than the one that serves, as poolers do. */
async function likeAPooler(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) socket.on('error', () => {}).on('close', () => (near.destroy(), far.destroy()));
    near.pipe(far);
    let rest = Buffer.alloc(0);
    let found = false;
    far.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      // Whole messages: a byte of kind, four of length. K names the process and the key to cancel it.
      while (!found && rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
        const message = rest.subarray(0, 1 + rest.readUInt32BE(1));
        rest = rest.subarray(message.length);
        found = message.toString('latin1', 0, 1) === 'K';
        if (found) message.writeInt32BE(message.readInt32BE(5) + 1, 5);
        near.write(Buffer.from(message));
      }
      if (found && rest.length > 0) near.write(rest);
      if (found) rest = Buffer.alloc(0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const through = new URL(url);
  through.host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return through.href;
}
