import { expect, test } from 'vitest';
import type { Config } from '../../../src/shared/config/config.js';
import { describeFault, parseConfig } from '../../../src/shared/config/load.js';

const place = { folder: '/srv/pipeline' };

function parse(text: string, env: Record<string, string> = {}) {
  return parseConfig(text, place, env);
}

function configOf(text: string, env: Record<string, string> = {}): Config {
  const answer = parse(text, env);
  if (answer.kind === 'config') return answer.config;
  throw new Error(answer.faults.map(describeFault).join('\n'));
}

function faultsOf(text: string, env: Record<string, string> = {}): string[] {
  const answer = parse(text, env);
  return answer.kind === 'faults' ? answer.faults.map(describeFault) : [];
}

const small = `
version: 1
targets: { warehouse: { type: postgres } }
datasets:
  orders:
    source: { prefix: raw/orders/ }
    load:
      - { target: warehouse, table: orders }
`;

test('every fault of a check is told with its place, not that it might have been a word', () => {
  const checks = '[{ range: { min: true }, onFail: block, typo: 1 }, requird, { metric: nullValues }]';
  const text = `version: 1\nlake: { url: s3://lake }\ndatasets: { a: { source: { prefix: a/ }, columns: { x: { checks: ${checks} } } } }`;
  const answer = parseConfig(text, { folder: '/' }, {});
  const place = 'datasets.a.columns.x.checks';
  expect(answer.kind === 'faults' ? answer.faults.map(({ path, expected }) => `${path}: ${expected}`) : []).toEqual([
    `${place}[0].range.min: a number or text`,
    `${place}[0].onFail: hold, warn or quarantine`,
    `${place}[0].typo: a known key`,
    `${place}[1]: required, unique or a mapping such as { range: { min: 0 } }`,
    `${place}[2]: a bound beside metric: nullValues (mustBe..., or warn and fail)`,
  ]);
});

test('a small file gets every default', () => {
  const config = configOf(small);
  expect(config.lake).toBeUndefined();
  expect(config.targets['warehouse']).toEqual({ type: 'postgres', schema: 'public', rewriteLimit: 10e9 });
  const [orders] = config.datasets;
  expect(orders?.batch).toEqual({ targetBytes: 256e6, maxFiles: 2000, minFiles: 5, maxWaitMs: 60_000 });
  expect(orders?.compact).toEqual({
    adopt: true,
    generations: 3,
    prefix: 'curated/orders/',
    compression: 'zstd',
    pages: 'v2',
    verify: 'content',
    sort: [],
  });
  expect(orders?.source).toEqual({ prefix: 'raw/orders/', match: ['**'], format: 'auto', encoding: 'auto' });
  expect(orders?.hash).toMatch(/^[0-9a-f]{16}$/);
});

test('artifacts are written as Parquet 2, for Snowflake as Parquet 1, unless the dataset says otherwise', () => {
  const pages = (text: string) => configOf(text).datasets[0]?.compact.pages;
  const cold = small.replace(
    '{ type: postgres }',
    '{ type: snowflake, account: a, user: u, privateKeyFile: k, database: d }',
  );
  expect([pages(small), pages(cold)]).toEqual(['v2', 'v1']);
  expect(pages(cold.replace('    load:', '    compact: { pages: v2 }\n    load:'))).toBe('v2');
  expect(pages(small.replace('    load:', '    compact: { pages: v1 }\n    load:'))).toBe('v1');
});

test('the result is frozen to its depths', () => {
  expect(Object.isFrozen(configOf(small).datasets[0]?.batch)).toBe(true);
});

test('the hash follows the settings and nothing else', () => {
  const hash = (text: string) => configOf(text).datasets[0]?.hash;
  expect(hash(`${small}# a comment`)).toBe(hash(small));
  expect(hash(small.replace('raw/orders/ }', 'raw/orders/, format: csv }'))).not.toBe(hash(small));
});

test('names in ${} come from the environment, with defaults', () => {
  const text = `${small}redis: { url: "\${REDIS}" }\nledger: { url: "\${LEDGER:-postgres://localhost/l}" }\n`;
  const config = configOf(text, { REDIS: 'redis://r:6379' });
  expect(config.redis.url).toBe('redis://r:6379');
  expect(config.ledger.url).toBe('postgres://localhost/l');
  expect(faultsOf(text)).toEqual(['  line 9: redis.url: expected the environment variable REDIS, got not set']);
});

test('services that the file leaves out are taken from the environment', () => {
  const config = configOf(small, { REDIS_URL: 'redis://r', LEDGER_URL: 'postgres://p/l', LAKE_URL: 's3://b' });
  expect([config.redis.url, config.ledger.url, config.lake?.url]).toEqual(['redis://r', 'postgres://p/l', 's3://b']);
});

test('every fault is reported at once, with line, expected and got', () => {
  const faults = faultsOf(`
version: 2
lake: { url: ftp://x }
frobnicate: true
datasets:
  orders:
    source: { prefix: raw/ }
    batch: { targetBytes: 12 parsecs, maxFiles: many }
    load: [{ target: nowhere, mode: magic }]
`);
  expect(faults.join('\n')).toBe(
    [
      '  line 2: version: expected 1, got 2',
      '  line 3: lake.url: expected a URL that begins with s3:// or file://, got "ftp://x"',
      '  line 8: datasets.orders.batch.targetBytes: expected a size such as 256MB or 1GiB, got "12 parsecs"',
      '  line 8: datasets.orders.batch.maxFiles: expected a number, got "many"',
      '  line 9: datasets.orders.load[0].table: expected a text, got nothing',
      '  line 9: datasets.orders.load[0].mode: expected one of append, upsert, replace, got "magic"',
      '  line 4: frobnicate: expected a known key, got unknown key frobnicate',
    ].join('\n'),
  );
});

test('a setting that is announced and not built is refused by name', () => {
  expect(faultsOf(small.replace('    load:', '    publish: delta\n    load:'))).toEqual([
    '  line 7: datasets.orders.publish: expected no such key in this version (announced, not built yet), got unknown key publish',
  ]);
});

test('a load into a target that is not declared is a fault', () => {
  expect(faultsOf(small.replace('target: warehouse, ', 'target: elsewhere, '))).toEqual([
    '  line 8: datasets.orders.load[0].target: expected one of the targets (warehouse), got elsewhere',
  ]);
});

test('artifacts under a source prefix are a fault, for they would arrive again', () => {
  const faults = faultsOf(small.replace('    load:', '    compact: { prefix: raw/orders/done/ }\n    load:'));
  expect(faults[0]).toContain('or artifacts arrive again as new files');
});

test('listening beyond loopback needs a token', () => {
  expect(faultsOf(`${small}intake: { host: 0.0.0.0 }\n`)[0]).toContain('intake.webhook.tokens');
});

test('text that is no YAML is one clear fault', () => {
  expect(faultsOf('version: [1')[0]).toMatch(/^ {2}line \d+: \(file\): expected valid YAML, got /);
});

test('an alias that leads back to itself is one clear fault', () => {
  expect(faultsOf('version: 1\ndatasets: &a\n  x: *a\n')).toEqual([
    '  (file): expected values, got an alias that leads back to itself',
  ]);
});

test('overwritten files are replaced in append loads only, and not through a pipe', () => {
  const replacing = small.replace('    load:', '    onOverwrite: replace\n    load:');
  expect(configOf(replacing).datasets[0]).toMatchObject({ onOverwrite: 'replace', onDuplicateContent: 'quarantine' });
  const snow = replacing.replace(
    '{ type: postgres }',
    '{ type: snowflake, account: a, user: u, database: d, privateKeyFile: k }',
  );
  expect(faultsOf(snow)).toEqual([]);
  const upsert = replacing.replace('target: warehouse, ', 'target: warehouse, mode: upsert, key: [id], ');
  expect(faultsOf(upsert)).toEqual([
    '  line 9: datasets.orders.load[0]: expected an append load, not through a pipe, where onOverwrite is replace, got mode upsert',
  ]);
  expect(faultsOf(snow.replace('target: warehouse, ', 'target: warehouse, via: snowpipe, '))).toContain(
    '  line 9: datasets.orders.load[0]: expected an append load, not through a pipe, where onOverwrite is replace, got via snowpipe',
  );
});

test('a schedule that the queue could not keep is a fault', () => {
  const schedules = `${small}schedules:
  - { job: sweep, cron: "99 * * * *", timezone: Mars/Base }
  - { job: sweep, every: 0s }
`;
  expect(faultsOf(schedules)).toEqual([
    '  line 10: schedules[0].cron: expected a cron pattern such as "0 3 * * *", got "99 * * * *"',
    '  line 10: schedules[0].timezone: expected an IANA time zone such as Europe/Berlin, got "Mars/Base"',
    '  line 11: schedules[1].every: expected at least 1s, got "0s"',
  ]);
});

test('faults below a name that is none, and faults of rules beside faults of shape, are told with the others', () => {
  const faults = faultsOf(`
version: 2
targets: { "the warehouse": { type: postgres, schema: 5 } }
datasets:
  1st: { source: { prefix: a/ }, batch: { maxFiles: 0 }, load: [{ target: nowhere, table: t }] }
  orders:
    source: { prefix: raw/ }
    compact: { prefix: raw/done/ }
    skew: { threshold: -1 }
    load: [{ target: the warehouse, table: "" }]
schedules: [{ job: sweep, every: 5m, dataset: gone }, { job: sweep, every: 5m, dataset: 1st }]
alerts: [{ type: mail }]
`);
  const name = 'expected a name of letters, digits, _ and -, at most 63, beginning with a letter';
  for (const expected of [
    `targets.the warehouse: ${name}, got "the warehouse"`,
    `datasets.1st: ${name}, got "1st"`,
    'targets.the warehouse.schema: expected a text, got 5',
    'datasets.1st.batch.maxFiles: expected at least 1, got 0',
    'datasets.orders.skew.threshold: expected more than 0, got -1',
    'datasets.orders.load[0].table: expected at least 1 character, got ""',
    'alerts[0].type: expected one of webhook, slack, sns, got "mail"',
    'datasets.1st.load[0].target: expected one of the targets',
    'datasets.orders.compact.prefix: expected a prefix outside the source of orders',
  ])
    expect(
      faults.some((fault) => fault.includes(expected)),
      `${expected}\n${faults.join('\n')}`,
    ).toBe(true);
  expect(faults.join('\n')).not.toMatch(/invalid-name|Invalid|Too (small|big)|, got .*, got /);
});

test('a value of the wrong kind is told in words, wherever it stands', () => {
  expect(faultsOf('hello')).toEqual(['  (file): expected a mapping, got "hello"']);
  expect(faultsOf('version: 1\ndatasets: []\n')).toEqual(['  line 2: datasets: expected a mapping, got []']);
  const checks = `${small}    columns: { x: { checks: [nothing, { range: {} }, { metric: nullValues }] } }\n    checks: [5]\n`;
  expect(faultsOf(checks).map((fault) => fault.replace(/^ +line \d+: datasets.orders./, ''))).toEqual([
    'columns.x.checks[0]: expected required, unique or a mapping such as { range: { min: 0 } }, got "nothing"',
    'columns.x.checks[1].range: expected min, max or both, got neither',
    'columns.x.checks[2]: expected a bound beside metric: nullValues (mustBe..., or warn and fail), got none',
    'checks[0]: expected a check such as { metric: rowCount, mustBeGreaterThan: 0 }, got 5',
  ]);
});

test('a name that would be dropped without a word is a fault at its line', () => {
  const columns = '    columns: { a: { checks: [required] }, __proto__: { checks: [required] } }\n';
  expect(faultsOf(small + columns)).toEqual([
    '  line 9: datasets.orders.columns.__proto__: expected another name, got __proto__',
  ]);
});
