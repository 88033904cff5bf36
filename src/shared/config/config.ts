import type { ConsoleAuth } from './consoleFields.js';
import type { AlertConfig } from './alerts.js';
import type { ConfigFile } from './schema.js';
import type { SnowflakeTargetFile } from './snowflakeTarget.js';
import type {
  BadRowRule,
  DatasetFile,
  DuplicateRule,
  FileFormat,
  OverwriteRule,
  PageVersion,
  VerifyLevel,
  TextEncoding,
} from './dataset.js';

/** A dataset with every default filled in. */
export interface Dataset {
  readonly name: string;
  /** Where its files arrive: a prefix of the lake, or another store by URL. */
  readonly source: {
    readonly url?: string;
    readonly prefix: string;
    readonly match: readonly string[];
    readonly format: FileFormat;
    readonly encoding: TextEncoding;
  };
  readonly partition: string;
  readonly batch: {
    readonly targetBytes: number;
    readonly maxFiles: number;
    readonly minFiles: number;
    readonly maxWaitMs: number;
    /** Only where a load replaces. */
    readonly replaceBytes?: number;
  };
  readonly compact: {
    /** What is compared before a batch is committed. */
    readonly verify: VerifyLevel;
    readonly prefix: string;
    readonly compression: 'zstd' | 'snappy';
    readonly pages: PageVersion;
    readonly sort: readonly string[];
    /** Whether a lone sound Parquet file may be its batch's artifact. */
    readonly adopt: boolean;
    /** How often at most a row is merged. */
    readonly generations: number;
  };
  /** One SELECT over `input`. */
  readonly transform?: string;
  readonly schema: DatasetFile['schema'];
  readonly onOverwrite: OverwriteRule;
  readonly onBadRow: BadRowRule;
  readonly onDuplicateContent: DuplicateRule;
  readonly originals: { readonly after: DatasetFile['originals']['after']; readonly graceMs: number };
  readonly columns: DatasetFile['columns'];
  readonly checks: DatasetFile['checks'];
  readonly anomalies: DatasetFile['anomalies'];
  readonly skew: DatasetFile['skew'];
  readonly load: DatasetFile['load'];
  /** SHA-256 (hex, 16 characters) over the settings above: written into every manifest. */
  readonly hash: string;
}

/** The lake's store. */
export interface LakeConfig {
  readonly url: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly forcePathStyle?: boolean;
  readonly serverSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  readonly kmsKeyId?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

export interface PostgresTargetConfig {
  readonly type: 'postgres';
  readonly url?: string;
  readonly schema: string;
  /** Bytes. */
  readonly rewriteLimit: number;
}

export type SnowflakeTargetConfig = SnowflakeTargetFile;

export type TargetConfig = PostgresTargetConfig | SnowflakeTargetConfig;

export interface ScheduleConfig {
  readonly job: ConfigFile['schedules'][number]['job'];
  readonly dataset?: string;
  readonly everyMs?: number;
  readonly cron?: string;
  readonly timezone?: string;
}

/** How arrivals come in. */
export interface IntakeConfig {
  readonly host: string;
  readonly port: number;
  /** Proxies in front. */
  readonly trustProxy: number;
  /** Bearer tokens. */
  readonly tokens: readonly string[];
  readonly hmacSecrets: readonly string[];
  /** ARNs of the SNS topics that may send. */
  readonly snsTopics: readonly string[];
  readonly rateLimit: { readonly requestsPerSecond: number; readonly burst: number };
  readonly sqs?: SqsConfig;
  readonly backpressure: { readonly pendingBytes: number; readonly ledgerLatencyMs: number };
  readonly sweep: { readonly settleMs: number; readonly parallel: number };
}

/** A queue of events. */
export interface SqsConfig {
  readonly queueUrl: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly pollers: number;
  readonly waitMs: number;
  readonly visibilityMs: number;
  readonly parkAfter: number;
}

/** Where OpenLineage events go: a server or a file. */
export interface LineageConfig {
  readonly url?: string;
  /** Path of the server, after the URL. */
  readonly endpoint: string;
  readonly apiKey?: string;
  readonly timeoutMs: number;
  /** Absolute path. */
  readonly file?: string;
  /** Of all jobs. */
  readonly namespace: string;
}

/** The configuration: read once, checked whole, frozen. A service without url is embedded. */
export interface Config {
  /** The file it came from; undefined for one made in memory. */
  readonly file?: string;
  /** Folder of the file: embedded services keep their data in `.sluice/` here. */
  readonly folder: string;
  readonly lake?: LakeConfig;
  readonly redis: { readonly url?: string };
  readonly ledger: { readonly url?: string };
  readonly targets: Readonly<Record<string, TargetConfig>>;
  readonly intake: IntakeConfig;
  readonly worker: {
    readonly host: string;
    readonly port: number;
    readonly concurrency: number;
    /** How long steps in work may go on once the worker is told to stop; then they are handed back. */
    readonly stopWithinMs: number;
    /** Between two tellings of the metrics to CloudWatch; undefined: never. */
    readonly emfEveryMs?: number;
    readonly memoryLimitBytes: number;
    readonly threads: number;
    /** The two above are a share of what the container allows, not the file's. */
    readonly engineFromLimits: boolean;
    readonly scratch?: string;
  };
  readonly console: {
    readonly host: string;
    readonly port: number;
    readonly url?: string;
    readonly auth?: ConsoleAuth;
  };
  readonly alerts: readonly AlertConfig[];
  /** Where the console serves metrics and the scale signal once more, without sign-in; no port: nowhere. */
  readonly monitoring: { readonly host: string; readonly port?: number };
  /** What the autoscaler's signal holds to. */
  readonly scale: { readonly drainMs: number; readonly oldestMs: number };
  readonly lineage?: LineageConfig;
  readonly datasets: readonly Dataset[];
  readonly schedules: readonly ScheduleConfig[];
}
