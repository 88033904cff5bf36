import type { Config, Dataset } from './config.js';
import { modeFaults } from './modeRules.js';
import { referenceFaults } from './references.js';
import { replaceFaults, scopeFaults } from './replaceRules.js';
import { sourceFaults } from './sourceRules.js';
import { placeOf } from './tablePlace.js';

/** A fault of the configuration: where, what was expected, what came. */
export interface ConfigFault {
  /** From 1; undefined where the fault has no line. */
  readonly line?: number;
  /** As in `datasets.orders.load[0].target`. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** The rules that join several settings; pure. All faults are returned together. */
export function findRuleFaults(config: Config): readonly ConfigFault[] {
  return [
    ...config.datasets.flatMap((dataset) => [
      ...targetFaults(config, dataset),
      ...prefixFaults(config, dataset),
      ...replaceFaults(config, dataset),
      ...scopeFaults(dataset),
      ...skewFaults(dataset),
      ...rowRuleFaults(dataset),
      ...historyFaults(dataset),
    ]),
    ...config.schedules.flatMap((schedule, index) =>
      schedule.dataset === undefined || config.datasets.some(({ name }) => name === schedule.dataset)
        ? []
        : [
            {
              path: `schedules[${index}].dataset`,
              expected: `one of the datasets (${names(config.datasets)})`,
              got: schedule.dataset,
            },
          ],
    ),
    ...consoleFaults(config),
    ...intakeFaults(config),
    ...alertFaults(config),
    ...sourceFaults(config),
    ...referenceFaults(config),
  ];
}

/** What earlier batches measured is kept for the anomalies. */
function historyFaults({ name, checks, anomalies }: Dataset): readonly ConfigFault[] {
  if (anomalies.sensitivity !== 'off' || !checks.some(({ metric }) => metric === 'rowCountChange')) return [];
  const expected = 'low, normal or high beside a check of rowCountChange: it compares with what they keep';
  return [{ path: `datasets.${name}.anomalies.sensitivity`, expected, got: 'off' }];
}

function consoleFaults({ console: { host, url, auth } }: Config): readonly ConfigFault[] {
  if (auth === undefined) {
    if (isLoopback(host)) return [];
    return [
      { path: 'console.host', expected: 'a loopback address, or console.auth: whoever reaches it may look', got: host },
    ];
  }
  const faults: ConfigFault[] = [];
  if (auth.type === 'oidc' && url === undefined)
    faults.push({
      path: 'console.url',
      expected: 'the address that the provider sends people back to',
      got: 'nothing',
    });
  if (auth.type === 'oidc' && auth.issuer.startsWith('http://') && !isLoopback(new URL(auth.issuer).hostname))
    faults.push({ path: 'console.auth.issuer', expected: 'https, except on this machine', got: auth.issuer });
  if (auth.type === 'password' && auth.password !== undefined && auth.users.length > 0)
    faults.push({ path: 'console.auth.password', expected: 'either password or users', got: 'both' });
  return faults;
}

/** Deliveries are remembered by the receiver's name. */
function alertFaults({ alerts }: Config): readonly ConfigFault[] {
  return alerts.flatMap(({ name }, index) =>
    alerts.findIndex((other) => other.name === name) === index
      ? []
      : [{ path: `alerts[${index}].name`, expected: 'a name and address that no other receiver has', got: name }],
  );
}

function intakeFaults({ intake, lake }: Config): readonly ConfigFault[] {
  const { host, tokens, hmacSecrets, snsTopics, sqs } = intake;
  const faults: ConfigFault[] = [];
  if (!isLoopback(host) && tokens.length + hmacSecrets.length + snsTopics.length === 0)
    faults.push({
      path: 'intake.webhook.tokens',
      expected: 'a token, HMAC secrets or SNS topics where intake listens on more than loopback',
      got: 'none',
    });
  if (lake === undefined && hmacSecrets.length > 0 && tokens.length === 0)
    faults.push({
      path: 'intake.webhook.tokens',
      expected: 'a token beside the HMAC secrets, because the embedded S3 signs nothing',
      got: 'none',
    });
  if (sqs !== undefined && sqs.waitMs > 20_000)
    faults.push({ path: 'intake.sqs.wait', expected: 'at most 20s', got: `${sqs.waitMs / 1000}s` });
  if (sqs !== undefined && (sqs.visibilityMs < 5_000 || sqs.visibilityMs > 12 * 3600e3))
    faults.push({ path: 'intake.sqs.visibility', expected: '5s to 12h', got: `${sqs.visibilityMs / 1000}s` });
  return faults;
}

function targetFaults(config: Config, dataset: Dataset): readonly ConfigFault[] {
  const tables = new Set<string>();
  return dataset.load.flatMap((load, index) => {
    const path = `datasets.${dataset.name}.load[${index}]`;
    const place = placeOf(config.targets, load);
    const faults: ConfigFault[] = [];
    if (config.targets[load.target] === undefined)
      faults.push({
        path: `${path}.target`,
        expected: `one of the targets (${Object.keys(config.targets).join(', ') || 'none declared'})`,
        got: load.target,
      });
    if (tables.has(place))
      faults.push({ path, expected: 'each table loaded once by a dataset', got: `${load.target}.${load.table} twice` });
    tables.add(place);
    return [
      ...faults,
      ...modeFaults(config, { load, others: dataset.load.filter((other) => other !== load) }, path),
      ...snowflakeFaults(config, load, path),
    ];
  });
}

/** A layout follows a key that somebody named: what the profile guesses may change from batch to batch. */
function skewFaults({ name, skew }: Dataset): readonly ConfigFault[] {
  if (skew.action === 'advise' || skew.keys.length > 0) return [];
  return [{ path: `datasets.${name}.skew.keys`, expected: `a column to ${skew.action} by`, got: 'none' }];
}

/** Rows that a rule sets aside are sent again as the rule saw them, and a transform must not see them twice. */
function rowRuleFaults({ name, transform, columns, checks }: Dataset): readonly ConfigFault[] {
  const all = [...checks, ...Object.values(columns).flatMap((column) => column.checks)];
  const isAsked = all.some((check) => typeof check !== 'string' && check.onFail === 'quarantine');
  if (transform === undefined || !isAsked) return [];
  const expected =
    'no transform beside a check with onFail: quarantine (a WHERE of the transform may leave such rows out)';
  return [{ path: `datasets.${name}.transform`, expected, got: 'one' }];
}

/** Keys that only a Snowflake target knows, and what a stage over the lake needs. */
function snowflakeFaults(config: Config, load: Dataset['load'][number], path: string): readonly ConfigFault[] {
  const target = config.targets[load.target];
  const only = (key: 'via' | 'clusterBy') =>
    load[key] === undefined || target?.type === 'snowflake'
      ? []
      : [{ path: `${path}.${key}`, expected: `${key} with a target of type snowflake`, got: target?.type ?? 'none' }];
  const stage = target?.type === 'snowflake' ? target.stage : undefined;
  const lake = config.lake?.url ?? 'an embedded lake';
  const reachable = stage === undefined || (lake.startsWith('s3://') && config.lake?.endpoint === undefined);
  return [
    ...only('via'),
    ...only('clusterBy'),
    ...(reachable
      ? []
      : [{ path: `targets.${load.target}.stage`, expected: 'a lake in S3 that Snowflake can read', got: lake }]),
    ...(load.via === 'snowpipe' && target?.type === 'snowflake' && stage === undefined
      ? [{ path: `${path}.via`, expected: 'stage.integration in the target of a pipe', got: 'none' }]
      : []),
    ...(load.via === 'snowpipe' && load.mode !== 'append'
      ? [{ path: `${path}.via`, expected: 'mode append for a pipe', got: load.mode }]
      : []),
  ];
}

/** Artifacts under a source prefix would arrive again as new files, for ever. */
function prefixFaults(config: Config, dataset: Dataset): readonly ConfigFault[] {
  return config.datasets
    .filter(({ source }) => source.url === undefined)
    .filter(
      ({ source }) => dataset.compact.prefix.startsWith(source.prefix) || source.prefix === dataset.compact.prefix,
    )
    .map((other) => ({
      path: `datasets.${dataset.name}.compact.prefix`,
      expected: `a prefix outside the source of ${other.name} (${other.source.prefix || 'the whole lake'}), or artifacts arrive again as new files`,
      got: dataset.compact.prefix,
    }));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function names(datasets: readonly Dataset[]): string {
  return datasets.map(({ name }) => name).join(', ');
}
