import type { Config } from '../src/shared/config/config.js';
import { parseConfig } from '../src/shared/config/load.js';
import { CREDENTIALS, TOKEN } from './services.js';

export interface BenchConfig {
  readonly redisUrl: string;
  readonly ledgerUrl: string;
  readonly targetUrl?: string;
  readonly s3Url: string;
  /** The `datasets:` part, indented by two spaces. */
  readonly datasets: string;
  readonly folder: string;
  readonly concurrency?: number;
}

/** A whole configuration for a benchmark. Throws with its faults. */
export function configOf({
  redisUrl,
  ledgerUrl,
  targetUrl,
  s3Url,
  datasets,
  folder,
  concurrency = 2,
}: BenchConfig): Config {
  const text = `
version: 1
lake: { url: "s3://lake", endpoint: "${s3Url}", accessKeyId: ${CREDENTIALS.accessKeyId}, secretAccessKey: ${CREDENTIALS.secretAccessKey} }
redis: { url: "${redisUrl}" }
ledger: { url: "${ledgerUrl}" }
${targetUrl === undefined ? '' : `targets: { warehouse: { type: postgres, url: "${targetUrl}" } }`}
intake: { port: 0, webhook: { tokens: [${TOKEN}] } }
worker: { concurrency: ${concurrency}, memoryLimit: 4GB, threads: 2 }
datasets:
${datasets}`;
  const answer = parseConfig(text, { folder }, {});
  if (answer.kind === 'config') return answer.config;
  throw new Error(JSON.stringify(answer.faults));
}
