import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startPostgres } from '../src/embedded/postgres/startPostgres.js';
import { startRedis } from '../src/embedded/redis/startRedis.js';
import { type EmbeddedS3, startS3 } from '../src/embedded/s3/server.js';

/** The token of the intake in benchmarks. */
export const TOKEN = 'a-token-for-benchmarks';
export const CREDENTIALS = { accessKeyId: 'BENCH', secretAccessKey: 'secret-of-benchmarks' };

/** A Postgres and a Redis of this suite alone; writes are made durable as in production. */
export interface BenchServices {
  readonly redisUrl: string;
  /** URL of a new, empty database. */
  freshDatabase(): Promise<string>;
  /** The servers' processes, to be counted with a side. */
  readonly pids: readonly number[];
  /** Redis in this process cannot be counted. */
  readonly redisKind: string;
  readonly postgresPid: number;
  readonly redisPid: number;
  close(): Promise<void>;
}

/** Starts both in the suite's folder. */
export async function openBenchServices(scratch: string): Promise<BenchServices> {
  const [postgres, redis] = await Promise.all([
    startPostgres({
      dataDir: join(scratch, 'postgres'),
      settings: { shared_buffers: '512MB', max_wal_size: '4GB', max_connections: '200' },
    }),
    startRedis({ dir: join(scratch, 'redis') }),
  ]);
  return {
    redisUrl: redis.url,
    redisKind: redis.kind,
    freshDatabase: () => postgres.ensureDatabase(`b_${randomBytes(6).toString('hex')}`),
    pids: redis.kind === 'memory' ? [postgres.pid] : [postgres.pid, redis.pid],
    postgresPid: postgres.pid,
    redisPid: redis.pid,
    close: async () => void (await Promise.allSettled([postgres.close(), redis.close()])),
  };
}

/** An S3 endpoint with one bucket `lake`, in this process: never counted with a side. */
export async function openBenchS3(scratch: string): Promise<EmbeddedS3> {
  return startS3({ dir: join(scratch, 's3'), credentials: CREDENTIALS, buckets: ['lake'], isDurable: false });
}
