import { expect, test } from 'vitest';
import { describeFault, parseConfig } from '../../../src/shared/config/load.js';

function faultsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  const answer = parseConfig(`version: 1\n${text}`, { folder: '/srv' }, env);
  return answer.kind === 'faults' ? answer.faults.map(describeFault) : [];
}

const orders = 'datasets: { orders: { source: { prefix: raw/orders/ } } }';

test('a lake is a bucket: a folder behind its name is a fault, not dropped in silence', () => {
  expect(faultsOf(`lake: { url: "s3://acme-lake/team/raw" }\n${orders}`)).toEqual([
    '  line 2: lake.url: expected a bucket alone; its folders belong into source.prefix and compact.prefix of each dataset (team/raw/...), got s3://acme-lake/team/raw',
  ]);
  expect(faultsOf(orders, { LAKE_URL: 's3://acme-lake/team' })).toHaveLength(1);
  for (const url of ['s3://acme-lake', 's3://acme-lake/', 'file:///srv/lake/deep'])
    expect(faultsOf(`lake: { url: "${url}" }\n${orders}`)).toEqual([]);
});

test('two datasets of one source and one glob are a fault: the second would never get a file', () => {
  const twins = (second: string) =>
    faultsOf(`lake: { url: s3://acme }\ndatasets:\n  a: { source: { prefix: raw/ } }\n  b: { source: ${second} }`);
  expect(twins('{ prefix: raw/ }')).toEqual([
    '  line 5: datasets.b.source: expected another prefix or match than those of a, which takes all of these files, got raw/ with match **',
  ]);
  expect(twins('{ url: "s3://acme/raw/" }')).toHaveLength(1);
  expect(twins('{ prefix: raw/, match: ["**"], format: csv }')).toHaveLength(1);
  for (const other of ['{ prefix: raw/b/ }', '{ prefix: raw/, match: "*.csv" }', '{ url: "s3://other/raw/" }'])
    expect(twins(other)).toEqual([]);
});

test.each(['hivee', 'day', '', '{}', '{year', '{ye ar}', 'year}', '{1}'])(
  'the partition %j is a fault that lists what is known',
  (partition) => {
    const faults = faultsOf(`datasets: { orders: { source: { prefix: raw/ }, partition: "${partition}" } }`);
    expect(faults).toEqual([
      expect.stringContaining('expected none, hive, or a template with names in braces such as {year}/{month}/{day}'),
    ]);
  },
);

test.each(['none', 'hive', '{year}/{month}/{day}', 'y-{year}/m{month}'])('the partition %j is taken', (partition) => {
  expect(faultsOf(`datasets: { orders: { source: { prefix: raw/ }, partition: "${partition}" } }`)).toEqual([]);
});

test('a dataset in a folder is swept every minute where no schedule sweeps it; one in a bucket is not', () => {
  const schedulesOf = (text: string) => {
    const answer = parseConfig(`version: 1\n${text}`, { folder: '/srv' }, {});
    return answer.kind === 'config' ? answer.config.schedules : answer.faults;
  };
  const minute = { job: 'sweep', dataset: 'orders', everyMs: 60_000 };
  expect(schedulesOf(`lake: { url: file:///srv/lake }\n${orders}`)).toEqual([minute]);
  expect(schedulesOf(`datasets: { orders: { source: { url: "file:///srv/in" } } }`)).toEqual([minute]);
  expect(schedulesOf(`lake: { url: s3://acme }\n${orders}`)).toEqual([]);
  expect(schedulesOf(orders)).toEqual([]);
  for (const own of ['{ job: sweep, every: 5m }', '{ job: sweep, dataset: orders, every: 5m }'])
    expect(schedulesOf(`lake: { url: file:///srv/lake }\nschedules: [${own}]\n${orders}`)).toHaveLength(1);
  expect(
    schedulesOf(`lake: { url: file:///srv/lake }\nschedules: [{ job: audit, every: 5m }]\n${orders}`),
  ).toHaveLength(2);
});
