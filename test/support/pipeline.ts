import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { openServices, type Services } from '../../src/cli/services.js';
import { startRedis } from '../../src/embedded/redis/startRedis.js';
import { startS3 } from '../../src/embedded/s3/server.js';
import { startIntake, type StartIntakeOptions } from '../../src/producers/main.js';
import { parseConfig } from '../../src/shared/config/load.js';
import type { Config } from '../../src/shared/config/config.js';
import { silentLog, openLog } from '../../src/shared/telemetry/log.js';
import { type RunningWorker, startWorker } from '../../src/workers/main.js';
import { freshDatabase } from './databases.js';

export const TOKEN = 'a-token-for-tests-only';

export interface PipelineOptions {
  /** The `datasets:` part of the configuration, indented by two spaces. */
  readonly datasets: string;
  /** Targets besides `warehouse`: `name: { type: ... }`. */
  readonly moreTargets?: string;
  /** Worker loops in this process. Default 1. */
  readonly workers?: number;
  /** Whether the S3 endpoint sends its notifications to the intake. Default true. */
  readonly notify?: boolean;
  /** Settings of `intake.webhook`, in braces' form. Default: the token. */
  readonly webhook?: string;
  /** Further settings of `intake`, in braces' form. */
  readonly intake?: string;
  /** Further settings of the whole configuration, as lines of YAML. */
  readonly settings?: string;
  /** Another database for the target than a fresh one of the shared server. */
  readonly targetUrl?: string;
  /** How the intake asks SNS. */
  readonly fetch?: StartIntakeOptions['fetch'];
}

/** A whole Sluice on real services: S3 endpoint, Redis of its own, Postgres databases of its own, intake, workers. */
export interface Pipeline {
  readonly config: Config;
  readonly services: Services;
  readonly intakeUrl: string;
  readonly ledgerUrl: string;
  readonly targetUrl: string;
  readonly s3: S3Client;
  readonly workers: readonly RunningWorker[];
  /** Puts an object into the lake; resolves with its unquoted eTag. */
  put(key: string, body: string | Uint8Array): Promise<string>;
  /** Rows of a query on the target. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  startWorker(): Promise<RunningWorker>;
  /** Ends the workers and starts one under other datasets, as a deployment of a changed configuration does. */
  restartWith(datasets: string): Promise<void>;
  /** Resolves when the check holds; polls each 20 ms. */
  until(check: () => Promise<boolean>): Promise<void>;
  /** Resolves when the ledger has `count` objects in final states. */
  settled(count: number): Promise<void>;
  close(): Promise<void>;
}

const FINAL = new Set(['loaded', 'held', 'quarantined', 'ignored', 'superseded']);

export async function openPipeline({
  datasets,
  moreTargets = '',
  workers = 1,
  notify = true,
  webhook = `tokens: [${TOKEN}]`,
  intake: moreIntake = '',
  settings = '',
  targetUrl: givenTarget,
  fetch,
}: PipelineOptions): Promise<Pipeline> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-pipeline-'));
  const redis = await startRedis({ dir: join(folder, 'redis') });
  const credentials = { accessKeyId: 'TESTKEY', secretAccessKey: 'test-secret-of-tests' };
  const endpoint = await startS3({ dir: join(folder, 's3'), credentials, buckets: ['lake'] });
  const targetUrl = givenTarget ?? (await freshDatabase());
  const ledgerUrl = await freshDatabase();
  const intakeText = `port: 0, webhook: { ${webhook} }${moreIntake === '' ? '' : `, ${moreIntake}`}`;
  const parts = {
    settings,
    moreTargets,
    intakeText,
    endpoint: endpoint.url,
    redisUrl: redis.url,
    ledgerUrl,
    targetUrl,
    folder,
  };
  const config = configOf({ ...parts, datasets });
  const logger =
    process.env['SLUICE_TEST_LOG'] === undefined ? silentLog : openLog(process.env['SLUICE_TEST_LOG'], 'test');
  const services = await openServices({ config, logger });
  const sources = new Map(config.datasets.map(({ name }) => [name, services.sourceStore(name)]));
  const intake = await startIntake({
    config,
    ledger: services.ledger,
    queue: services.queue(),
    stores: { lake: services.lake, sources },
    logger,
    ...(fetch === undefined ? {} : { fetch }),
  });
  if (notify) await endpoint.notifyTo({ url: `${intake.url}/v1/events/s3`, bearerToken: TOKEN });
  const running: RunningWorker[] = [];
  const start = async (current = config) => {
    const worker = await startWorker({ context: { ...services.workerContext(), config: current } });
    running.push(worker);
    return worker;
  };
  for (let started = 0; started < workers; started++) await start();
  const s3 = new S3Client({ endpoint: endpoint.url, region: 'us-east-1', forcePathStyle: true, credentials });
  const target = new Client({ connectionString: targetUrl });
  await target.connect();
  const until = async (check: () => Promise<boolean>) => {
    while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return {
    config,
    services,
    intakeUrl: intake.url,
    ledgerUrl,
    targetUrl,
    s3,
    workers: running,
    put: async (key, body) =>
      (await s3.send(new PutObjectCommand({ Bucket: 'lake', Key: key, Body: body }))).ETag?.replaceAll('"', '') ?? '',
    query: async (sql) => (await target.query<Record<string, unknown>>(sql)).rows,
    startWorker: () => start(),
    restartWith: async (changed) => {
      await Promise.all(running.splice(0).map((worker) => worker.stop(0)));
      await start(configOf({ ...parts, datasets: changed }));
    },
    until,
    settled: (count) =>
      until(async () => {
        const counts = await services.ledger.objects.counts();
        return counts.filter(({ state }) => FINAL.has(state)).reduce((sum, { objects }) => sum + objects, 0) >= count;
      }),
    close: async () => {
      await Promise.all(running.map((worker) => worker.stop(0)));
      await target.end();
      s3.destroy();
      await intake.close();
      await services.close();
      await endpoint.close();
      await redis.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface ConfigParts {
  readonly settings: string;
  readonly moreTargets: string;
  readonly intakeText: string;
  readonly datasets: string;
  readonly endpoint: string;
  readonly redisUrl: string;
  readonly ledgerUrl: string;
  readonly targetUrl: string;
  readonly folder: string;
}

function configOf({
  settings,
  datasets,
  moreTargets,
  intakeText,
  endpoint,
  redisUrl,
  ledgerUrl,
  targetUrl,
  folder,
}: ConfigParts): Config {
  const text = `
version: 1
lake: { url: "s3://lake", endpoint: "${endpoint}", accessKeyId: TESTKEY, secretAccessKey: test-secret-of-tests }
redis: { url: "${redisUrl}" }
ledger: { url: "${ledgerUrl}" }
targets: { warehouse: { type: postgres, url: "${targetUrl}" }${moreTargets === '' ? '' : `, ${moreTargets}`} }
intake: { ${intakeText} }
worker: { concurrency: 2 }
${settings}
datasets:
${datasets}`;
  const answer = parseConfig(text, { folder }, {});
  if (answer.kind === 'config') return answer.config;
  throw new Error(JSON.stringify(answer.faults));
}
