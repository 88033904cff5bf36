import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, SnowflakeTargetConfig } from '../../config/config.js';
import { SluiceError } from '../../errors.js';
import type { Warehouse } from '../port.js';
import type { SnowflakeAuth } from './client.js';
import { readIdentifier } from './identifiers.js';
import { openSnowflakeWarehouse } from './openSnowflakeWarehouse.js';
import type { StageKind } from './stageFiles.js';

/** Opens a Snowflake target of the configuration; connects at the first use, and reads keys then. Errors: CONFIG_INVALID. */
export function openSnowflakeTarget(config: Config, name: string, target: SnowflakeTargetConfig): Warehouse {
  return openSnowflakeWarehouse({
    name,
    connect: {
      account: target.account,
      accessUrl: target.endpoint,
      user: target.user,
      auth: () => readAuth(config.folder, name, target),
      role: target.role,
      warehouse: target.warehouse,
      database: readIdentifier(target.database),
      schema: readIdentifier(target.schema),
    },
    stage: stageOf(config, target),
    queryTag: target.queryTag,
    clusterBy: clusterKeys(config, name),
    pipes: pipedTables(config, name),
    errorIntegration: target.errorIntegration === undefined ? undefined : readIdentifier(target.errorIntegration),
  });
}

/** Where the target's COPY reads from. */
export function stageOf(config: Pick<Config, 'lake'>, { stage }: SnowflakeTargetConfig): StageKind {
  if (stage === undefined) return { kind: 'internal' };
  const url = config.lake?.url ?? '';
  const integration = readIdentifier(stage.integration);
  return { kind: 'external', integration, url: url.endsWith('/') ? url : `${url}/` };
}

/** Cluster columns of the target's tables, by the table as the config writes it. */
export function clusterKeys(
  config: Pick<Config, 'datasets'>,
  target: string,
): Readonly<Record<string, readonly string[]>> {
  const loads = config.datasets.flatMap(({ load }) => load).filter((load) => load.target === target);
  return Object.fromEntries(
    loads.flatMap(({ table, clusterBy }) => (clusterBy === undefined ? [] : [[table, clusterBy]])),
  );
}

/** Tables of the target that are loaded by pipes, as the config writes them. */
function pipedTables(config: Pick<Config, 'datasets'>, target: string): ReadonlySet<string> {
  const loads = config.datasets.flatMap(({ load }) => load).filter((load) => load.target === target);
  return new Set(loads.filter(({ via }) => via === 'snowpipe').map(({ table }) => table));
}

function readAuth(folder: string, name: string, target: SnowflakeTargetConfig): SnowflakeAuth {
  const { oauth, privateKeyFile, privateKeyPassphrase } = target;
  if (oauth !== undefined && 'tokenFile' in oauth) {
    return { kind: 'oauth', token: readSecret(resolve(folder, oauth.tokenFile), `targets.${name}.oauth.tokenFile`) };
  }
  if (oauth !== undefined) return { kind: 'oauthClient', ...oauth };
  const place = `targets.${name}.privateKeyFile`;
  const pem = readSecret(resolve(folder, privateKeyFile ?? ''), place);
  try {
    const key = createPrivateKey({ key: pem, passphrase: privateKeyPassphrase });
    return { kind: 'keyPair', privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
  } catch {
    // What the library says of a key may hold some of it.
    throw new SluiceError('CONFIG_INVALID', `expected a private key in PEM at ${place}, got none that can be read`);
  }
}

function readSecret(file: string, place: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SluiceError('CONFIG_INVALID', `expected a readable file at ${place}, got none at ${file}`, {
      cause: error,
    });
  }
}
