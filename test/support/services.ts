import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProvidedContext } from 'vitest';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/embedded/postgres/startPostgres.js';
import { REDIS_KINDS } from '../../src/embedded/redis/port.js';
import { startRedis } from '../../src/embedded/redis/startRedis.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A real Redis for this test run. */
    redisUrl: string;
    /** A real Postgres (superuser) for this test run; tests make their own databases in it. */
    postgresUrl: string;
  }
}

/** What `inject` of vitest gives to a test. */
export type Services = Pick<ProvidedContext, 'redisUrl' | 'postgresUrl'>;

/** Starts the services that the tests need, once a run, in a folder that is removed afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  await chmod(folder, 0o711); // root runs the servers as another user, who must be able to pass through
  const kind = REDIS_KINDS.find((known) => known === process.env['SLUICE_EMBEDDED_REDIS']);
  const [redis, postgres] = await Promise.all([
    startRedis({ dir: join(folder, 'redis'), ...(kind === undefined ? {} : { kind }) }),
    startPostgres({ dataDir: join(folder, 'postgres'), durable: false }),
  ]);
  project.provide('redisUrl', redis.url);
  project.provide('postgresUrl', postgres.url('postgres'));
  return async () => {
    await Promise.all([redis.close(), postgres.close()]);
    await rm(folder, { recursive: true, force: true });
  };
}
