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
