import { fork, spawnSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../../src/shared/engine/open.js';
import type { Engine, EngineOptions, EngineSession } from '../../../src/shared/engine/port.js';

const LONG = 'SELECT max(sin(a.range * b.range)) FROM range(1000000) a, range(1000000) b';
const engine = openEngine({ maxChildren: 2 });
const sessions: EngineSession[] = [];
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'engine-'));
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await engine.close();
  await rm(home, { recursive: true });
});

async function openSession(options: Partial<EngineOptions> = {}): Promise<EngineSession> {
  const scratch = await mkdtemp(join(home, 'scratch-'));
  const session = await engine.open({ scratch, ...options });
  sessions.push(session);
  return session;
}

function children(): readonly number[] {
  const found = spawnSync('pgrep', ['-P', String(process.pid)], { encoding: 'utf8' });
  return found.stdout.split('\n').filter(Boolean).map(Number);
}

async function openWithPid(pool: Engine): Promise<{ session: EngineSession; pid: number }> {
  const before = children();
  const session = await pool.open({ scratch: await mkdtemp(join(home, 'scratch-')) });
  sessions.push(session);
  const pid = children().find((child) => !before.includes(child));
  if (pid === undefined) throw new Error('expected a new child');
  return { session, pid };
}

test('values come back as plain data: bigint, decimal text, ISO times, bytes, lists and objects', async () => {
  const session = await openSession();
  const [row] = await session.query(`SELECT 1::INTEGER AS i, 9007199254740993::BIGINT AS b, 1.50::DECIMAL(10,2) AS d,
    'x' AS s, NULL AS n, true AS t, DATE '2024-02-29' AS date, TIMESTAMP '2024-01-02 03:04:05.5' AS ts,
    TIMESTAMPTZ '2024-01-02 03:04:05+02' AS tz, '\\xAA'::BLOB AS bytes, [1, NULL] AS list, {'a': [1.5::DECIMAL(4,1)]} AS struct,
    MAP {'k': 2::BIGINT} AS map, 0.5::DOUBLE AS f, TIME '01:02:03' AS time, uuid '00000000-0000-0000-0000-000000000001' AS uuid`);
  expect(row).toEqual({
    i: 1,
    b: 9007199254740993n,
    d: '1.50',
    s: 'x',
    n: null,
    t: true,
    date: '2024-02-29',
    ts: '2024-01-02T03:04:05.5',
    tz: '2024-01-02T01:04:05Z',
    bytes: Uint8Array.of(0xaa),
    list: [1, null],
    struct: { a: ['1.5'] },
    map: [{ key: 'k', value: 2n }],
    f: 0.5,
    time: '01:02:03',
    uuid: '00000000-0000-0000-0000-000000000001',
  });
});

test('statements of one session see each other, of two sessions they do not', async () => {
  const [one, two] = [await openSession(), await openSession()];
  await one.run('CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2)');
  expect(await one.query('SELECT sum(a)::INTEGER AS s FROM t')).toEqual([{ s: 3 }]);
  await expect(two.query('FROM t')).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
});

test('a query of more than 100,000 rows is refused', async () => {
  const session = await openSession();
  expect(await session.query('FROM range(100000)')).toHaveLength(100_000);
  await expect(session.query('FROM range(100001)')).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
  expect(await session.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
});

test('a session reads and writes inside its folders and nowhere else', async () => {
  const [scratch, readable, outside] = [join(home, 'in'), join(home, 'readable'), join(home, 'in-not')];
  for (const folder of [scratch, readable, outside]) await mkdir(folder);
  await writeFile(join(readable, 'a.csv'), 'a\n1\n');
  await writeFile(join(outside, 'secret.csv'), 'a\n1\n');
  await symlink(join(outside, 'secret.csv'), join(scratch, 'link.csv'));
  const session = await openSession({ scratch, readable: [readable] });
  await session.run(`COPY (FROM '${readable}/a.csv') TO '${scratch}/b.parquet'`);
  expect(await session.query(`SELECT count(*) AS n FROM '${scratch}/b.parquet'`)).toEqual([{ n: 1n }]);
  for (const sql of [
    `FROM '${outside}/secret.csv'`,
    `FROM '${scratch}/../in-not/secret.csv'`,
    `FROM '${scratch}/link.csv'`,
    `FROM read_text('/etc/passwd')`,
    `FROM glob('/etc/*')`,
    `ATTACH '${outside}/x.db'`,
    'SET enable_external_access = true',
    "SET memory_limit = '8GB'",
    'SET lock_configuration = false',
    'INSTALL httpfs',
    'LOAD httpfs',
  ]) {
    await expect(session.run(sql), sql).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
  }
  await expect(session.run(`COPY (SELECT 1) TO '${outside}/x.csv'`)).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
});

test('times are read and written in UTC', async () => {
  const session = await openSession();
  expect(await session.query("SELECT current_setting('TimeZone') AS tz")).toEqual([{ tz: 'UTC' }]);
});

test('abort interrupts a statement with the reason of the signal, and the session goes on', async () => {
  const session = await openSession();
  const reason = new Error('enough');
  const stop = new AbortController();
  const query = session.query(LONG, stop.signal);
  setTimeout(() => stop.abort(reason), 100);
  await expect(query).rejects.toBe(reason);
  await expect(session.run(LONG, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(await session.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
});

test('abort of a statement that waits for its turn leaves the running one alone', async () => {
  const session = await openSession();
  const [first, second] = [new AbortController(), new AbortController()];
  const running = session.query(LONG, first.signal);
  const queued = session.query('SELECT 1', second.signal);
  const answers = Promise.allSettled([running, queued]);
  second.abort(new Error('second'));
  setTimeout(() => first.abort(new Error('first')), 200);
  expect((await answers).map((answer) => answer.status === 'rejected' && answer.reason.message)).toEqual([
    'first',
    'second',
  ]);
});

test('a child that is killed costs its own session and no other, and is replaced', async () => {
  const pool = openEngine({ maxChildren: 2 });
  const one = await openWithPid(pool);
  const two = await openWithPid(pool);
  const dying = one.session.query(LONG);
  const alive = two.session.query('SELECT sum(range)::BIGINT AS s FROM range(10000000)');
  setTimeout(() => process.kill(one.pid, 'SIGKILL'), 100);
  await expect(dying).rejects.toMatchObject({ code: 'ENGINE_DIED', facts: { how: 'signal SIGKILL' } });
  await expect(one.session.query('SELECT 1')).rejects.toMatchObject({ code: 'ENGINE_DIED' });
  expect(await alive).toEqual([{ s: 49999995000000n }]);
  await one.session.close();
  const three = await openWithPid(pool);
  expect(await three.session.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  await Promise.all([two.session.close(), three.session.close()]);
  await pool.close();
});

test('a child that does not obey an abort is killed', async () => {
  const pool = openEngine();
  const { session, pid } = await openWithPid(pool);
  const stop = new AbortController();
  const query = session.query(LONG, stop.signal);
  process.kill(pid, 'SIGSTOP');
  stop.abort(new Error('enough'));
  await expect(query).rejects.toThrow('enough');
  await expect(session.query('SELECT 1')).rejects.toMatchObject({ code: 'ENGINE_DIED' });
  await session.close();
  await pool.close();
});

test('a child serves the next session when the one before closed well', async () => {
  const pool = openEngine();
  const { session, pid } = await openWithPid(pool);
  await session.run('CREATE TABLE t AS SELECT 1');
  await session.close();
  const before = children();
  expect(before).toContain(pid);
  const next = await pool.open({ scratch: await mkdtemp(join(home, 'scratch-')) });
  expect(children()).toEqual(before);
  await expect(next.query('FROM t')).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
  await next.close();
  await pool.close();
});

test('open waits for a seat when all children are busy, and close turns away who waits', async () => {
  const pool = openEngine({ maxChildren: 1 });
  const { session } = await openWithPid(pool);
  const second = pool.open({ scratch: home });
  const third = pool.open({ scratch: home });
  await session.close();
  expect(await (await second).query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  const turnedAway = expect(third).rejects.toMatchObject({ code: 'INTERNAL' });
  await pool.close();
  await turnedAway;
  await expect(pool.open({ scratch: home })).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a scratch folder that is missing is an error that names it', async () => {
  await expect(engine.open({ scratch: '/nowhere/at/all' })).rejects.toThrow('/nowhere');
});

test('children end when their parent is killed', async () => {
  const program = join(import.meta.dirname, 'holdSession.ts');
  const parent = fork(program, [home], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const child = await new Promise<number>((resolve) => {
    parent.on('message', (message) => resolve(Number(message)));
  });
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(child)).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('out of memory is ENGINE_MEMORY, and the session goes on', async () => {
  const session = await openSession({ memoryLimit: '50MB', threads: 1 });
  const heavy = "SELECT list(md5(range::VARCHAR) || repeat('x', 1000)) AS l FROM range(10000000)";
  await expect(session.run(`CREATE TABLE t AS ${heavy}`)).rejects.toMatchObject({ code: 'ENGINE_MEMORY' });
  expect(await session.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
});

test('more data than memory spills to scratch', async () => {
  const session = await openSession({ memoryLimit: '60MB', threads: 1 });
  await session.run('CREATE TABLE t AS SELECT md5(range::VARCHAR) AS m FROM range(1500000)');
  expect(await session.query('SELECT count(DISTINCT m) AS n FROM t')).toEqual([{ n: 1500000n }]);
});
