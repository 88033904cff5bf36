import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { lockHolder, takeLock } from '../lock.js';
import { LOOPBACK } from '../ports.js';
import { fetchDebianRedis } from './debian.js';
import { startMemoryRedis } from './memory.js';
import { type EmbeddedRedis, REDIS_KINDS, type RedisOptions, type RedisPlace } from './port.js';
import { findRedisOnPath, type RedisProgram, settleRedis, startRedisServer } from './server.js';

const stateSchema = z.object({ kind: z.enum(REDIS_KINDS), port: z.int(), pid: z.int(), password: z.string() });

/**
 * Starts a Redis on the loopback. It ends with this process, however that ends. SERVICE_NOT_STARTED: another living process
 * holds the folder (its pid is named), the wanted port is taken, or the forced kind cannot be had.
 */
export async function startRedis(options: RedisOptions): Promise<EmbeddedRedis> {
  const dir = resolve(options.dir);
  const log = options.log ?? (() => {});
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = takeLock(`${dir}.lock`, `the Redis of ${dir}`);
  try {
    const last = readState(dir);
    const password = last?.password ?? randomBytes(24).toString('base64url');
    await settleRedis(dir, log);
    const program = options.kind === 'memory' ? undefined : await findProgram(options, log);
    const place: RedisPlace = { dir, password, port: options.port, usualPort: last?.port, log };
    const started = program === undefined ? await startMemoryRedis(place) : await startRedisServer(program, place);
    const kind = program?.kind ?? 'memory';
    writeState(dir, { kind, port: started.port, pid: started.pid, password });
    let closed: Promise<void> | undefined;
    const close = () => (closed ??= started.stop().finally(() => lock.release()));
    return { kind, port: started.port, pid: started.pid, url: redisUrl(password, started.port), close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Joins the Redis that another living process started on this folder; undefined when there is none. */
export function findRedis(path: string): EmbeddedRedis | undefined {
  const dir = resolve(path);
  const state = readState(dir);
  if (state === undefined || lockHolder(`${dir}.lock`) === undefined) return undefined;
  return {
    kind: state.kind,
    port: state.port,
    pid: state.pid,
    url: redisUrl(state.password, state.port),
    close: async () => {},
  };
}

async function findProgram(options: RedisOptions, log: (line: string) => void): Promise<RedisProgram | undefined> {
  const { kind } = options;
  if (kind !== 'debian') {
    const found = await findRedisOnPath(options.searchPath, kind === 'server');
    if (found !== undefined) return found;
  }
  const fetched = await fetchDebianRedis({
    cacheDir: options.cacheDir ?? join(homedir(), '.cache', 'sluice'),
    required: kind === 'debian',
    searchPath: options.searchPath,
    log,
  });
  if (fetched === undefined)
    log(
      'no redis-server here: using one in JavaScript, in memory; install Redis for more than a few hundred waiting jobs',
    );
  return fetched;
}

function redisUrl(password: string, port: number): string {
  return `redis://:${password}@${LOOPBACK}:${port}`;
}

function readState(dir: string): z.infer<typeof stateSchema> | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(dir, 'sluice.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

function writeState(dir: string, state: z.infer<typeof stateSchema>): void {
  const file = join(dir, 'sluice.json');
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
