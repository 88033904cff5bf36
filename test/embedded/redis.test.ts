import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../src/embedded/ports.js';
import type { EmbeddedRedis, RedisOptions } from '../../src/embedded/redis/port.js';
import { fetchDebianRedis } from '../../src/embedded/redis/debian.js';
import { findRedisOnPath } from '../../src/embedded/redis/server.js';
import { findRedis, startRedis } from '../../src/embedded/redis/startRedis.js';
import { freshFolder } from '../support/folders.js';
import { gone, inOtherProcess } from '../support/otherProcess.js';

/** A machine without a Redis of its own (none on PATH, none to be fetched) tests what is left. */
const hasServer = (await findRedisOnPath(undefined, false)) !== undefined;

async function start(dir: string, options: Partial<RedisOptions> = {}): Promise<EmbeddedRedis> {
  const redis = await startRedis({ dir, ...options });
  onTestFinished(() => redis.close());
  return redis;
}

function connect(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null, lazyConnect: true });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

for (const kind of hasServer ? (['server', 'memory'] as const) : (['memory'] as const)) {
  test(`the ${kind} kind answers with its password only, at the same address after a restart`, async () => {
    const dir = join(await freshFolder(), 'redis');
    const first = await start(dir, { kind });
    expect(await connect(first.url).ping()).toBe('PONG');
    await expect(connect(first.url.replace(/:[^:@]*@/, ':guess@')).ping()).rejects.toThrow();
    await expect(connect(first.url.replace(/:[^:@]*@/, '')).ping()).rejects.toThrow(/NOAUTH/);
    await first.close();
    const second = await start(dir, { kind });
    expect(second).toMatchObject({ kind, url: first.url });
    expect(await connect(second.url).ping()).toBe('PONG');
  });

  test(`the ${kind} kind is refused to a second start and can be joined`, async () => {
    const dir = join(await freshFolder(), 'redis');
    const first = await start(dir, { kind });
    await expect(startRedis({ dir, kind })).rejects.toMatchObject({
      code: 'SERVICE_NOT_STARTED',
      facts: { pid: process.pid },
    });
    const joined = findRedis(dir);
    expect(await connect(joined?.url ?? '').ping()).toBe('PONG');
    await joined?.close();
    expect(await connect(first.url).ping()).toBe('PONG');
    await first.close();
    expect(findRedis(dir)).toBeUndefined();
  });
}

test('without a server on PATH and without the distribution, Redis runs in this process', async () => {
  const folder = await freshFolder();
  const said: string[] = [];
  const redis = await start(join(folder, 'redis'), {
    searchPath: folder,
    cacheDir: folder,
    log: (line) => said.push(line),
  });
  expect(redis.kind).toBe('memory');
  expect(said.at(-1)).toMatch(/^no redis-server here/);
  expect(await connect(redis.url).set('a', 'b')).toBe('OK');
});

test('a forced kind that cannot be had is an error', async () => {
  const folder = await freshFolder();
  const nowhere = { dir: join(folder, 'redis'), searchPath: folder, cacheDir: folder };
  await expect(startRedis({ ...nowhere, kind: 'server' })).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
  await expect(startRedis({ ...nowhere, kind: 'debian' })).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
});

test('a server that is too old for the queue is passed over', async () => {
  const folder = await freshFolder();
  writeFileSync(join(folder, 'redis-server'), '#!/bin/sh\necho "Redis server v=5.0.14 sha=0"\n');
  chmodSync(join(folder, 'redis-server'), 0o755);
  expect(await findRedisOnPath(folder, false)).toBeUndefined();
});

test('a failure to fetch the package is remembered, so that the next start does not wait again', async () => {
  const folder = await freshFolder();
  const options = { cacheDir: folder, searchPath: folder, required: false };
  const said: string[] = [];
  expect(await fetchDebianRedis({ ...options, log: (line) => said.push(line) })).toBeUndefined();
  const before = said.length;
  expect(await fetchDebianRedis({ ...options, log: (line) => said.push(line) })).toBeUndefined();
  expect(said).toHaveLength(before);
  expect(readdirSync(folder)).toEqual([`redis-debian-${process.arch}.failed`]);
});

if (hasServer) {
  test('what was written is there after a restart, and nothing is evicted', async () => {
    const dir = join(await freshFolder(), 'a "quoted" folder');
    const first = await start(dir);
    expect(first.kind).toBe('server');
    const client = connect(first.url);
    await client.set('kept', '42');
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await client.config('GET', 'appendfsync')).toEqual(['appendfsync', 'everysec']);
    await first.close();
    const second = await start(dir);
    expect(await connect(second.url).get('kept')).toBe('42');
  });

  test('the server ends soon after its parent was killed, and the next start finds the data', async () => {
    const dir = join(await freshFolder(), 'redis');
    const other = await inOtherProcess('redis', dir);
    await connect(other.url ?? '').set('kept', '42');
    await other.kill();
    const redis = await start(dir); // also right now, while the old one is still stopping
    await gone(other.pid ?? 0);
    expect(await connect(redis.url).get('kept')).toBe('42');
  });

  test('the server ends when its parent ends without closing it', async () => {
    const other = await inOtherProcess('redis', join(await freshFolder(), 'redis'));
    await other.end();
    await gone(other.pid ?? 0);
  });

  test('a server that an earlier run left behind is stopped and the folder served anew', async () => {
    const dir = join(await freshFolder(), 'redis');
    mkdirSync(dir);
    const port = await freePort();
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--pidfile',
      join(dir, 'redis.pid'),
      '--appendonly',
      'yes',
    ];
    const orphan = spawn('redis-server', args, { stdio: 'ignore', detached: true });
    onTestFinished(() => void orphan.kill('SIGKILL'));
    const client = new Redis(port, '127.0.0.1');
    client.on('error', () => {});
    await client.set('kept', '42');
    client.disconnect();
    const said: string[] = [];
    const redis = await start(dir, { log: (line) => said.push(line) });
    expect(said).toEqual([`stopping the Redis that an earlier run left behind (process ${orphan.pid})`]);
    expect(await connect(redis.url).get('kept')).toBe('42');
  });

  test('a pid file whose number now belongs to another program does not stand in the way', async () => {
    const dir = join(await freshFolder(), 'redis');
    mkdirSync(dir);
    writeFileSync(join(dir, 'redis.pid'), `${process.pid}\n`);
    const redis = await start(dir);
    expect(await connect(redis.url).ping()).toBe('PONG');
  });

  test('data that this Redis cannot read is set aside, for the ledger can dispatch again', async () => {
    const dir = join(await freshFolder(), 'redis');
    const first = await start(dir);
    await connect(first.url).set('kept', '42');
    await first.close();
    const data = join(dir, 'appendonlydir');
    for (const name of readdirSync(data))
      if (name.endsWith('.rdb')) writeFileSync(join(data, name), 'REDIS9999 not of this version');
    const second = await start(dir);
    expect(await connect(second.url).get('kept')).toBeNull();
    expect(readdirSync(dir).some((name) => name.startsWith('appendonlydir.unreadable-'))).toBe(true);
  });
}
