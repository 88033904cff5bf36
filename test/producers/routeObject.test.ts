import { describe, expect, it } from 'vitest';
import { partitionReader } from '../../src/producers/partition.js';
import { openRouter, sourcePrefix } from '../../src/producers/routeObject.js';
import { makeDataset } from '../support/datasets.js';
import { fc } from '../support/fc.js';

const datasets = [
  makeDataset('everything', { source: { prefix: 'raw/', match: '**' } }),
  makeDataset('orders', { source: { prefix: 'raw/orders/', match: '**/*.csv' }, partition: 'hive' }),
  makeDataset('days', { source: { prefix: 'raw/days', match: '**' }, partition: '{year}/{month}' }),
  makeDataset('elsewhere', { source: { url: 's3://other/in%20box/', match: ['*.csv', '*.json'] } }),
];
const route = openRouter({
  datasets,
  lakeBucket: 'lake',
  sourceBucket: ({ name }) => (name === 'elsewhere' ? 'other' : 'lake'),
});

describe('openRouter', () => {
  it.each([
    ['raw/orders/a.csv', 'orders', ''],
    ['raw/orders/dt=2026-01-02/hour=03/a.csv', 'orders', 'dt=2026-01-02/hour=03'],
    ['raw/orders/eu/dt=a b=c/a.csv', 'orders', 'dt=a b=c'],
    ['raw/orders/=x/dt=1/a.csv', 'orders', 'dt=1'],
    ['raw/orders/a.txt', 'everything', ''],
    ['raw/daylight.csv', 'everything', ''],
    ['raw/days/2026/01/a.csv', 'days', 'year=2026/month=01'],
    ['raw/days-eu/2026/01/a.csv', 'days', 'year=-eu/month=2026'],
    ['raw/days/2026/a.csv', 'days', ''],
  ])('sends %s to %s, partition %j', (key, dataset, partition) => {
    expect(route({ bucket: 'lake', key, size: 1 })).toEqual({ kind: 'routed', dataset, partition });
  });

  it('keeps buckets apart and reads the prefix of an s3:// source from its URL', () => {
    expect(route({ bucket: 'other', key: 'in%20box/a.json', size: 1 })).toMatchObject({ dataset: 'elsewhere' });
    expect(route({ bucket: 'lake', key: 'in%20box/a.json', size: 1 })).toEqual({ kind: 'ignored', rule: 'unrouted' });
    expect(route({ bucket: 'other', key: 'raw/orders/a.csv', size: 1 })).toEqual({ kind: 'ignored', rule: 'unrouted' });
  });

  it.each([
    ['raw/orders/.hidden/a.csv', 1, 'hidden'],
    ['raw/orders/_SUCCESS', 0, 'hidden'],
    ['raw/orders/dt=1/_temporary/0/a.csv', 1, 'hidden'],
    ['raw/orders/.a.csv.crc', 1, 'hidden'],
    ['curated/orders/batch.parquet', 1, 'artifact'],
    ['curated/everything/dt=1/batch.parquet', 1, 'artifact'],
    ['raw/orders/dt=1/', 0, 'folder'],
    ['other/a.csv', 1, 'unrouted'],
    ['', 1, 'unrouted'],
  ])('sets %s of %i bytes aside by the rule %s', (key, size, rule) => {
    expect(route({ bucket: 'lake', key, size })).toEqual({ kind: 'ignored', rule });
  });

  it('hides nothing because of a name that the prefix itself chose', () => {
    const dots = [makeDataset('dots', { source: { prefix: '_in/.day', match: '**' } })];
    const routeDots = openRouter({ datasets: dots, lakeBucket: 'lake', sourceBucket: () => 'lake' });
    expect(routeDots({ bucket: 'lake', key: '_in/.days/a.csv', size: 1 })).toMatchObject({ dataset: 'dots' });
    expect(routeDots({ bucket: 'lake', key: '_in/.day/_a.csv', size: 1 })).toEqual({ kind: 'ignored', rule: 'hidden' });
  });

  it('takes an object of zero bytes, and one whose name ends in a slash but has bytes', () => {
    expect(route({ bucket: 'lake', key: 'raw/orders/a.csv', size: 0 })).toMatchObject({ kind: 'routed' });
    expect(route({ bucket: 'lake', key: 'raw/odd/', size: 9 })).toMatchObject({ kind: 'routed' });
  });

  it('answers every key, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (rest, size) => {
        const object = { bucket: 'lake', key: `raw/${rest}`, size };
        expect(route(object)).toEqual(route(object));
      }),
    );
  });
});

describe('sourcePrefix', () => {
  it('is what follows the bucket, and empty for a whole bucket or folder', () => {
    expect(sourcePrefix(makeDataset('d', { source: { url: 'file:///srv/in' } }))).toBe('');
    expect(sourcePrefix(makeDataset('d', { source: { prefix: 'raw/' } }))).toBe('raw/');
    expect(sourcePrefix(makeDataset('d', { source: { url: 's3://bucket' } }))).toBe('');
  });
});

describe('partitionReader', () => {
  it.each([
    ['none', ['dt=1'], ''],
    ['hive', ['dt=1', 'plain', 'hour=2'], 'dt=1/hour=2'],
    ['{year}/{month}/{day}', ['2026', '01', '02', 'deeper'], 'year=2026/month=01/day=02'],
    ['year={y}/m-{m}', ['year=2026', 'm-07'], 'y=2026/m=07'],
    ['{year}-{month}', ['2026-01'], 'year=2026/month=01'],
    ['{a.b}(c', ['x(c'], 'a.b=x'],
    ['{year}/{month}', ['2026'], ''],
  ])('reads %s', (setting, folders, expected) => {
    expect(partitionReader(setting)(folders)).toBe(expected);
  });
});
