import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { engineShare, type Limits, NO_LIMITS } from '../cgroup.js';
import { canonicalJson } from '../ledger/manifest.js';
import type { AlertConfig } from './alerts.js';
import type { Config, Dataset, IntakeConfig, LineageConfig, ScheduleConfig, SqsConfig } from './config.js';
import type { DatasetFile, PageVersion } from './dataset.js';
import { originalsJobs } from './originalsJobs.js';
import { folderDatasets, folderSweeps } from './folderSweeps.js';
import type { ConfigFile } from './schema.js';

/** Service URLs that the environment may give where the file is silent. */
export interface EnvironmentUrls {
  readonly REDIS_URL?: string | undefined;
  readonly LEDGER_URL?: string | undefined;
  readonly LAKE_URL?: string | undefined;
}

/** Fills in what the schema's defaults cannot know; pure. */
export function resolveConfig(
  file: ConfigFile,
  place: { folder: string; file?: string },
  env: EnvironmentUrls,
  limits: Limits = NO_LIMITS,
): Config {
  const lake = file.lake ?? (env.LAKE_URL === undefined ? undefined : { url: env.LAKE_URL, region: 'us-east-1' });
  const redisUrl = file.redis.url ?? env.REDIS_URL;
  const ledgerUrl = file.ledger.url ?? env.LEDGER_URL;
  const { memoryLimit, threads, stopWithin, emfEvery, ...worker } = file.worker;
  const share = engineShare(limits, worker.concurrency);
  const datasets = Object.entries(file.datasets).map(([name, dataset]) => resolveDataset(name, dataset, file.targets));
  const schedules = file.schedules.map(
    ({ every, ...rest }): ScheduleConfig => withoutUndefined({ ...rest, everyMs: every }) as ScheduleConfig,
  );
  return deepFreeze(
    withoutUndefined({
      ...place,
      lake,
      redis: { url: redisUrl },
      ledger: { url: ledgerUrl },
      targets: file.targets,
      intake: resolveIntake(file.intake),
      worker: {
        ...worker,
        stopWithinMs: stopWithin,
        emfEveryMs: emfEvery,
        memoryLimitBytes: memoryLimit ?? share.memoryLimitBytes,
        threads: threads ?? share.threads,
        engineFromLimits: memoryLimit === undefined && threads === undefined,
      },
      console: file.console,
      alerts: file.alerts.map(resolveAlert),
      monitoring: file.monitoring,
      scale: { drainMs: file.scale.drain, oldestMs: file.scale.oldest },
      lineage: file.lineage === undefined ? undefined : resolveLineage(file.lineage, place.folder),
      datasets,
      schedules: [
        ...schedules,
        ...folderSweeps(folderDatasets({ lake, datasets }), schedules),
        ...originalsJobs(datasets, schedules),
      ],
    }) as Config,
  );
}

function resolveLineage({ openlineage }: NonNullable<ConfigFile['lineage']>, folder: string): LineageConfig {
  const { timeout, file, ...rest } = openlineage;
  const own = { ...rest, timeoutMs: timeout, file: file === undefined ? undefined : resolve(folder, file) };
  return withoutUndefined(own) as LineageConfig;
}

/** The same configuration with another number of jobs at once; engines that share a container share it anew. */
export function withConcurrency(config: Config, concurrency: number, limits: Limits): Config {
  const share = config.worker.engineFromLimits ? engineShare(limits, concurrency) : {};
  return { ...config, worker: { ...config.worker, ...share, concurrency } };
}

function resolveIntake({ webhook, sqs, backpressure, sweep, ...listen }: ConfigFile['intake']): IntakeConfig {
  return {
    ...listen,
    tokens: webhook?.tokens ?? [],
    hmacSecrets: webhook?.hmac?.secrets ?? [],
    snsTopics: webhook?.sns?.topics ?? [],
    rateLimit: webhook?.rateLimit ?? { requestsPerSecond: 10_000, burst: 20_000 },
    backpressure: { pendingBytes: backpressure.pendingBytes, ledgerLatencyMs: backpressure.ledgerLatency },
    sweep: { settleMs: sweep.settle, parallel: sweep.parallel },
    ...(sqs === undefined ? {} : { sqs: resolveSqs(sqs) }),
  };
}

function resolveSqs({ wait, visibility, ...rest }: NonNullable<ConfigFile['intake']['sqs']>): SqsConfig {
  return withoutUndefined({ ...rest, waitMs: wait, visibilityMs: visibility }) as SqsConfig;
}

/** Status names a receiver without its address, which may be a secret. */
function resolveAlert({ name, remind, ...rest }: ConfigFile['alerts'][number]): AlertConfig {
  const address = rest.type === 'sns' ? rest.topicArn : rest.url;
  const mark = createHash('sha256').update(address).digest('hex').slice(0, 6);
  return withoutUndefined({ ...rest, name: name ?? `${rest.type}-${mark}`, remindMs: remind }) as AlertConfig;
}

function resolveDataset(name: string, file: DatasetFile, targets: ConfigFile['targets']): Dataset {
  const replaces = file.load.some(({ mode }) => mode === 'replace');
  const settings = {
    name,
    source: {
      url: file.source.url,
      prefix: file.source.prefix ?? '',
      match: typeof file.source.match === 'string' ? [file.source.match] : file.source.match,
      format: file.source.format,
      encoding: file.source.encoding,
    },
    partition: file.partition,
    batch: resolveBatch(file.batch, replaces),
    compact: {
      ...file.compact,
      prefix: file.compact.prefix ?? `curated/${name}/`,
      pages: pagesOf(file, targets),
    },
    transform: file.transform,
    schema: file.schema,
    onOverwrite: file.onOverwrite ?? (replaces ? 'replace' : 'quarantine'),
    onBadRow: file.onBadRow,
    onDuplicateContent: file.onDuplicateContent ?? (replaces ? 'load' : 'quarantine'),
    originals: { after: file.originals.after, graceMs: file.originals.grace },
    columns: file.columns,
    checks: file.checks,
    anomalies: file.anomalies,
    skew: file.skew,
    load: file.load,
  };
  const hash = createHash('sha256').update(canonicalJson(settings)).digest('hex').slice(0, 16);
  return withoutUndefined({ ...settings, hash }) as Dataset;
}

/** Snowflake does not say that its COPY reads the encodings of Parquet 2. */
function pagesOf({ compact, load }: DatasetFile, targets: ConfigFile['targets']): PageVersion {
  if (compact.pages !== 'auto') return compact.pages;
  return load.some(({ target }) => targets[target]?.type === 'snowflake') ? 'v1' : 'v2';
}

function resolveBatch({ maxWait, replaceBytes, ...limits }: DatasetFile['batch'], replaces: boolean): Dataset['batch'] {
  return { ...limits, maxWaitMs: maxWait, ...(replaces ? { replaceBytes } : {}) };
}

/** The same value without properties that are undefined, at every depth. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withoutUndefined(inner)]),
  );
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
