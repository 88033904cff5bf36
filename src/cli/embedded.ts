import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DATA_FOLDER, openFolder } from '../embedded/folder.js';
import { freePort } from '../embedded/ports.js';
import { type EmbeddedPostgres, findPostgres, startPostgres } from '../embedded/postgres/startPostgres.js';
import type { RedisKind } from '../embedded/redis/port.js';
import { findRedis, startRedis } from '../embedded/redis/startRedis.js';
import { startS3 } from '../embedded/s3/server.js';
import type { Config, LakeConfig } from '../shared/config/config.js';
import { isSluiceError } from '../shared/errors.js';
import type { Logger } from '../shared/telemetry/log.js';

/** The bucket of the embedded S3. */
export const LAKE_BUCKET = 'lake';
const LEDGER_DATABASE = 'ledger';

export interface EmbeddedOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Where the embedded S3 sends its notifications; undefined: nowhere. */
  readonly notifications?: { readonly url: string; readonly bearerToken: string };
  /** Forces one kind of Redis. */
  readonly redisKind?: RedisKind;
  /** Whether Redis is wanted at all. */
  readonly queue: boolean;
  /** False for throw-away data. */
  readonly durable?: boolean;
}

/** Addresses of every service, configured or embedded, and how to end those that this process started. */
export interface ServiceAddresses {
  readonly redisUrl: string | undefined;
  readonly ledgerUrl: string;
  readonly lake: LakeConfig;
  /** URL of each Postgres target, by name. */
  readonly targetUrls: Readonly<Record<string, string>>;
  /** Embedded services that run for this config, by what they are, for people. */
  readonly embedded: readonly string[];
  close(): Promise<void>;
}

const s3StateSchema = z.object({
  url: z.string(),
  port: z.int(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  pid: z.int(),
});
type S3State = z.infer<typeof s3StateSchema>;

/**
 * Starts whatever the config leaves out, with its data in `.sluice/` beside the config file, or joins what another Sluice
 * process of the same folder has running. Throws SERVICE_NOT_STARTED.
 */
export async function openAddresses(options: EmbeddedOptions): Promise<ServiceAddresses> {
  const { config } = options;
  const needs = neededServices(options);
  if (!needs.postgres && !needs.redis && !needs.s3) return addresses(config, { close: async () => {}, embedded: [] });
  const path = join(config.folder, DATA_FOLDER);
  const folder = await openFolder(path).catch((error: unknown) => {
    if (isSluiceError(error, 'SERVICE_NOT_STARTED')) return error;
    throw error;
  });
  if (folder instanceof Error) {
    const joined = await joinRunning(options, path, needs);
    if (joined !== undefined) return joined;
    throw folder;
  }
  return startAll(options, path, { needs, release: () => folder.close() });
}

interface Needs {
  readonly postgres: boolean;
  readonly redis: boolean;
  readonly s3: boolean;
}

function neededServices({ config, queue }: EmbeddedOptions): Needs {
  return {
    postgres:
      config.ledger.url === undefined ||
      Object.values(config.targets).some((target) => target.type === 'postgres' && target.url === undefined),
    redis: queue && config.redis.url === undefined,
    s3: config.lake === undefined,
  };
}

interface Running {
  readonly postgres?: EmbeddedPostgres | undefined;
  readonly redisUrl?: string | undefined;
  readonly s3?: S3State | undefined;
  readonly embedded: readonly string[];
  close(): Promise<void>;
}

async function startAll(
  options: EmbeddedOptions,
  path: string,
  { needs, release }: { needs: Needs; release: () => void },
): Promise<ServiceAddresses> {
  const { logger, redisKind, durable } = options;
  const log = (line: string) => logger.info({}, line);
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.allSettled(closers.map((end) => end()));
    release();
  };
  const started = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const service = await starting;
    closers.push(() => service.close());
    return service;
  };
  const settled = await Promise.allSettled([
    needs.postgres
      ? started(startPostgres({ dataDir: join(path, 'postgres'), log, durable: durable ?? true }))
      : undefined,
    needs.redis
      ? started(startRedis({ dir: join(path, 'redis'), log, ...(redisKind === undefined ? {} : { kind: redisKind }) }))
      : undefined,
    needs.s3 ? started(openS3(options, join(path, 's3'))) : undefined,
  ] as const);
  const failed = settled.find((answer) => answer.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const [postgres, redis, s3] = settled.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined)) as [
    EmbeddedPostgres | undefined,
    Awaited<ReturnType<typeof startRedis>> | undefined,
    Awaited<ReturnType<typeof openS3>> | undefined,
  ];
  const embedded = [
    ...(postgres ? ['Postgres'] : []),
    ...(redis ? [`Redis (${redis.kind})`] : []),
    ...(s3 ? ['S3'] : []),
  ];
  return addresses(options.config, { postgres, redisUrl: redis?.url, s3: s3?.state, embedded, close });
}

async function openS3({ notifications, durable }: EmbeddedOptions, dir: string) {
  const last = readS3State(dir);
  const accessKeyId = last?.accessKeyId ?? `SLUICE${randomBytes(7).toString('hex').toUpperCase()}`;
  const secretAccessKey = last?.secretAccessKey ?? randomBytes(30).toString('base64url');
  const port = last?.port ?? (await freePort());
  const server = await startS3({
    dir,
    port,
    credentials: { accessKeyId, secretAccessKey },
    isDurable: durable ?? true,
    buckets: [LAKE_BUCKET],
    ...(notifications === undefined ? {} : { notifications }),
  });
  const state: S3State = { url: server.url, port, accessKeyId, secretAccessKey, pid: process.pid };
  writeFileSync(join(dir, 'sluice.json'), JSON.stringify(state), { mode: 0o600 });
  return { state, close: () => server.close() };
}

function readS3State(dir: string): S3State | undefined {
  try {
    return s3StateSchema.parse(JSON.parse(readFileSync(join(dir, 'sluice.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Everything that is needed must be running already; else undefined. */
async function joinRunning(
  { config }: EmbeddedOptions,
  path: string,
  needs: Needs,
): Promise<ServiceAddresses | undefined> {
  const postgres = needs.postgres ? findPostgres(join(path, 'postgres')) : undefined;
  const redis = needs.redis ? findRedis(join(path, 'redis')) : undefined;
  const s3 = needs.s3 ? readS3State(join(path, 's3')) : undefined;
  if ((needs.postgres && !postgres) || (needs.redis && !redis) || (needs.s3 && !s3)) return undefined;
  return addresses(config, { postgres, redisUrl: redis?.url, s3, embedded: [], close: async () => {} });
}

async function addresses(config: Config, running: Running): Promise<ServiceAddresses> {
  const { postgres, s3 } = running;
  try {
    const targetUrls: Record<string, string> = {};
    for (const [name, target] of Object.entries(config.targets)) {
      if (target.type !== 'postgres') continue;
      const url = target.url ?? (await postgres?.ensureDatabase(name));
      if (url !== undefined) targetUrls[name] = url;
    }
    return {
      redisUrl: config.redis.url ?? running.redisUrl,
      ledgerUrl: config.ledger.url ?? (await postgres?.ensureDatabase(LEDGER_DATABASE)) ?? '',
      lake: config.lake ?? lakeOf(s3),
      targetUrls,
      embedded: running.embedded,
      close: () => running.close(),
    };
  } catch (error) {
    await running.close();
    throw error;
  }
}

function lakeOf(s3: S3State | undefined): LakeConfig {
  return {
    url: `s3://${LAKE_BUCKET}`,
    region: 'us-east-1',
    forcePathStyle: true,
    ...(s3 === undefined ? {} : { endpoint: s3.url, accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }),
  };
}
