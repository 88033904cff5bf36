import { expect, test } from 'vitest';
import { describeFault, parseConfig } from '../../../src/shared/config/load.js';
import { findWarnings } from '../../../src/shared/config/modeRules.js';

const configOf = (load: string, target = '{ type: postgres }') =>
  parseConfig(
    `version: 1\ntargets: { warehouse: ${target} }\ndatasets:\n  orders:\n    source: { prefix: raw/ }\n    load: [${load}]\n`,
    { folder: '/srv' },
    {},
  );
const faultsOf = (load: string, target?: string) => {
  const answer = configOf(load, target);
  return answer.kind === 'faults' ? answer.faults.map(describeFault) : [];
};
const upsert = '{ target: warehouse, table: orders, mode: upsert, key: [id], orderBy: [at] }';

test('an upsert has a key', () => {
  expect(faultsOf(upsert)).toEqual([]);
  expect(faultsOf(upsert.replace('key: [id], ', ''))).toEqual([
    '  line 6: datasets.orders.load[0]: expected key, the columns that tell rows apart, for mode upsert, got none',
  ]);
});

test('key and orderBy belong to upserts, each column once, none in both', () => {
  expect(faultsOf(upsert.replace('mode: upsert, ', ''))).toEqual([
    '  line 6: datasets.orders.load[0].key: expected mode upsert where key is given, got append',
    '  line 6: datasets.orders.load[0].orderBy: expected mode upsert where orderBy is given, got append',
  ]);
  expect(faultsOf(upsert.replace('[at]', '[id, at, at]'))).toEqual([
    '  line 6: datasets.orders.load[0].orderBy: expected columns that are not in the key, whose rows are all equal in it, got id',
    '  line 6: datasets.orders.load[0].orderBy: expected each column once, got at twice',
  ]);
});

test('partitions, indexes and views are Postgres’s', () => {
  const shaped =
    '{ target: warehouse, table: t, partitionBy: { column: at, every: month }, indexes: [a, { columns: [b], include: [c], where: "b > 0" }], refresh: [v] }';
  expect(faultsOf(shaped)).toEqual([]);
  const snow = '{ type: snowflake, account: a, user: u, database: d, privateKeyFile: k }';
  expect(faultsOf(shaped, snow).map((fault) => fault.replace(/^.*load/, 'load'))).toEqual([
    'load[0].partitionBy: expected partitionBy with a target of type postgres, got snowflake',
    'load[0].indexes: expected indexes with a target of type postgres, got snowflake',
    'load[0].refresh: expected refresh with a target of type postgres, got snowflake',
  ]);
});

test('retain drops partitions that another load of the dataset keeps', () => {
  const hot = '{ target: warehouse, table: t, partitionBy: { column: at, every: day }, retain: 7d }';
  expect(faultsOf(`${hot}, { target: warehouse, table: history }`)).toEqual([]);
  expect(faultsOf(hot)).toEqual([
    '  line 6: datasets.orders.load[0].retain: expected another load of the dataset that keeps everything, got none',
  ]);
  expect(faultsOf('{ target: warehouse, table: t, retain: 7d }, { target: warehouse, table: history }')).toEqual([
    '  line 6: datasets.orders.load[0].retain: expected partitionBy, whose old partitions retain drops, got none',
  ]);
});

test('Snowflake takes upserts as Postgres does, but not through a pipe', () => {
  const snow =
    '{ type: snowflake, account: a, user: u, database: d, privateKeyFile: k, stage: { integration: LAKE_S3 } }';
  const plain = snow.replace(', stage: { integration: LAKE_S3 }', '');
  expect(faultsOf(upsert, plain)).toEqual([]);
  expect(faultsOf(upsert.replace(' }', ', via: snowpipe }'), snow).at(-1)).toMatch(
    /via: expected mode append for a pipe, got upsert$/,
  );
});

test('an upsert without orderBy is warned of', () => {
  const warningsOf = (load: string) => {
    const answer = configOf(load);
    return answer.kind === 'config' ? findWarnings(answer.config) : undefined;
  };
  expect(warningsOf(upsert)).toEqual([]);
  expect(warningsOf(upsert.replace(', orderBy: [at]', ''))).toEqual([
    {
      path: 'datasets.orders.load[0]',
      text: 'upsert without orderBy: the row of the later batch stands, even where it is the older one',
    },
  ]);
});

test('replace stands alone: all loads of the dataset alike, no retain, no pipe, a scope only with it', () => {
  const whole = '{ target: warehouse, table: t, mode: replace }';
  expect(faultsOf(whole)).toEqual([]);
  expect(faultsOf(whole.replace(' }', ', scope: table }'))).toEqual([]);
  const shortOf = (load: string, target?: string) =>
    faultsOf(load, target).map((fault) => fault.replace(/^.*orders\./, ''));
  expect(
    shortOf(`${whole}, { target: warehouse, table: u }, { target: warehouse, table: v, mode: replace, scope: table }`),
  ).toEqual([
    'load[1]: expected mode replace, as in the other loads: a batch of it has files that are loaded already, got append',
    'load[2].scope: expected partition, as in the other loads, got table',
  ]);
  expect(shortOf('{ target: warehouse, table: t, scope: table }')).toEqual([
    'load[0].scope: expected mode replace where scope is given, got append',
  ]);
  expect(
    shortOf('{ target: warehouse, table: t, mode: replace, partitionBy: { column: at, every: day }, retain: 7d }')[1],
  ).toBe(
    'load[0].retain: expected no retain under mode replace, whose next batch would bring back what retain dropped, got one',
  );
  const snow = '{ type: snowflake, account: a, user: u, database: d, privateKeyFile: k }';
  expect(shortOf(whole, snow)).toEqual([]);
  expect(shortOf(whole.replace(' }', ', via: snowpipe }'), snow).at(-1)).toBe(
    'load[0].via: expected mode append for a pipe, got replace',
  );
});

test('under replace the newest version and equal files are loaded, and originals stay; other rules are refused', () => {
  const parse = (more: string, tail = '') =>
    parseConfig(
      `version: 1\ntargets: { warehouse: { type: postgres } }\ndatasets:\n  orders:\n    source: { prefix: raw/ }\n    partition: hive\n    load: [{ target: warehouse, table: t, mode: replace }]\n${more}${tail}`,
      { folder: '/srv' },
      {},
    );
  const plain = parse('');
  expect(plain.kind === 'config' && plain.config.datasets[0]).toMatchObject({
    onOverwrite: 'replace',
    onDuplicateContent: 'load',
    batch: { replaceBytes: 10e9 },
  });
  const told = (more: string, tail?: string) => {
    const answer = parse(more, tail);
    return answer.kind === 'faults' ? answer.faults.map(({ path, got }) => `${path}: ${got}`) : [];
  };
  expect(told('    onOverwrite: append\n    onDuplicateContent: ignore\n    originals: { after: delete }\n')).toEqual([
    'datasets.orders.onOverwrite: append',
    'datasets.orders.onDuplicateContent: ignore',
    'datasets.orders.originals.after: delete',
  ]);
  const other = '  others:\n    source: { prefix: other/ }\n    load: [{ target: warehouse, table: t }]\n';
  expect(told('', other)).toEqual(['datasets.orders.load[0].table: t']);
  expect(told('', other.replace('table: t ', 'table: PUBLIC.T '))).toEqual(['datasets.orders.load[0].table: t']);
  expect(told('', other.replace('table: t ', 'table: other.t '))).toEqual([]);
});

test('a dataset that is one partition is told that all its files stand together', () => {
  const answer = configOf('{ target: warehouse, table: t, mode: replace }');
  expect(answer.kind === 'config' && findWarnings(answer.config).map(({ path }) => path)).toEqual([
    'datasets.orders.partition',
  ]);
});
