import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, SnowflakeTargetConfig } from '../../shared/config/config.js';
import { SluiceError } from '../../shared/errors.js';
import { readIdentifier } from '../../shared/warehouses/snowflake/identifiers.js';
import { stageOf } from '../../shared/warehouses/snowflake/openSnowflakeTarget.js';
import { setupAccount, type SetupOptions, type SetupPart } from '../../shared/warehouses/snowflake/sql/setup.js';

/** What the command line adds to the configuration. */
export interface SetupFlags {
  readonly awsRole: string;
  readonly snsTopic?: string;
  readonly snsRole?: string;
}

/** The set-up of a target: pure but for the user's public key, which is made of the private one where that can be read. */
export function planSetup(config: Config, target: SnowflakeTargetConfig, flags: SetupFlags): readonly SetupPart[] {
  const stage = stageOf(config, target);
  const name = (text: string | undefined, otherwise: string) => readIdentifier(text ?? otherwise);
  const options: SetupOptions = {
    user: readIdentifier(target.user),
    role: name(target.role, 'SLUICE_LOADER'),
    warehouse: name(target.warehouse, 'SLUICE_LOADING'),
    database: readIdentifier(target.database),
    schema: readIdentifier(target.schema),
    publicKey: readPublicKey(config.folder, target),
    monthlyCredits: Math.ceil(target.monthlyCredits ?? 10),
    stage:
      stage.kind === 'external'
        ? { integration: stage.integration, url: stage.url, awsRoleArn: flags.awsRole }
        : undefined,
    pipes: config.datasets.some(({ load }) => load.some(({ via }) => via === 'snowpipe')),
    notify:
      flags.snsTopic === undefined
        ? undefined
        : {
            integration: name(target.errorIntegration, 'SLUICE_PIPE_FAILURES'),
            topicArn: flags.snsTopic,
            awsRoleArn: flags.snsRole ?? flags.awsRole,
          },
  };
  return setupAccount(options);
}

/** The named Snowflake target, or the only one. Throws USAGE. */
export function snowflakeTarget(config: Config, named: string | undefined): readonly [string, SnowflakeTargetConfig] {
  const targets = Object.entries(config.targets).flatMap(([name, target]) =>
    target.type === 'snowflake' ? [[name, target] as const] : [],
  );
  const [only, ...others] = named === undefined ? targets : targets.filter(([name]) => name === named);
  if (only !== undefined && others.length === 0) return only;
  const names = targets.map(([name]) => name).join(', ') || 'no such targets in the configuration';
  throw new SluiceError('USAGE', `expected --target, a target of type snowflake (${names}), got ${named ?? 'none'}`);
}

function readPublicKey(folder: string, { privateKeyFile, privateKeyPassphrase }: SnowflakeTargetConfig) {
  if (privateKeyFile === undefined) return undefined;
  try {
    const pem = readFileSync(resolve(folder, privateKeyFile));
    const key = createPublicKey(createPrivateKey({ key: pem, passphrase: privateKeyPassphrase }));
    return key.export({ type: 'spki', format: 'der' }).toString('base64');
  } catch {
    return undefined;
  }
}
