import { expect, test } from 'vitest';
import { inferDatasets } from '../../../src/cli/try/inferDatasets.js';
import { tryConfig } from '../../../src/cli/try/tryConfig.js';
import { parseConfig } from '../../../src/shared/config/load.js';

const files = (...paths: string[]) => paths.map((path) => ({ path, bytes: 10 }));

test('each top-level folder with data files is a dataset, files of the place itself are one more', () => {
  const found = inferDatasets(
    'file:///data/Shop Files',
    files('orders/a.csv', 'orders/2024/b.json.gz', 'top.parquet', 'notes/readme.md'),
  );
  expect(found.map(({ name, folder, files, bytes }) => [name, folder, files, bytes])).toEqual([
    ['orders', 'orders', 2, 20],
    ['shop_files', '', 1, 10],
  ]);
});

test('names are safe and differ', () => {
  const found = inferDatasets('s3://b/x', files('Über Kunden/a.csv', 'ber_kunden/b.csv', '2024/c.csv', '…/d.csv'));
  expect(found.map(({ name }) => name)).toEqual(['ber_kunden', 'ber_kunden_2', 't_2024', 't_']);
});

test('the configuration that is made of them is valid, for folders and for buckets', () => {
  for (const url of ['file:///data/in', 's3://bucket/raw']) {
    const text = tryConfig({ url }, inferDatasets(url, files('a b/x.csv', 'y.ndjson')), 'file:///lake');
    const answer = parseConfig(text, { folder: '/' }, {});
    expect(answer.kind === 'config' ? answer.config.datasets.map(({ source }) => source.url) : answer.faults).toEqual([
      url.startsWith('s3') ? 's3://bucket/raw/a b' : 'file:///data/in/a%20b',
      url,
    ]);
  }
});
