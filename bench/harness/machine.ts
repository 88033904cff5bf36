import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

/** Where and with what a result was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string | null;
}

/** What runs beside a benchmark bends its times; ratios of CPU seconds bend least. */
export interface Load {
  /** Mean number of runnable processes over the last minute. */
  readonly before: number;
  readonly after: number;
}

const PACKAGES = ['@duckdb/node-api', 'bullmq', 'ioredis', 'pg', 'pg-copy-streams', 'express', '@aws-sdk/client-s3'];

/** Reads the machine's facts. */
export function readMachine(): Machine {
  const require = createRequire(import.meta.url);
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()}`,
    node: process.version,
    versions: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(require, name)])),
    commit: commitOf(),
  };
}

/** Runnable processes, mean of the last minute. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/** Some packages hide their package.json; it lies above the file that they export. */
function versionOf(require: NodeJS.Require, name: string): string {
  const folder = require.resolve.paths(name)?.find((path) => readVersion(`${path}/${name}`) !== undefined);
  return (folder === undefined ? undefined : readVersion(`${folder}/${name}`)) ?? 'unknown';
}

function readVersion(folder: string): string | undefined {
  try {
    const { version }: { version?: unknown } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

function commitOf(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
