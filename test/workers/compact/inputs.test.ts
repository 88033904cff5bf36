import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

test('every flipped byte of a zstd file is found or changes nothing, and every cut is found', async () => {
  const packed = await readFile(join(import.meta.dirname, '../../corpus/compact/whole.csv.zst'));
  const flips = [...packed.keys()].map((at): [string, Buffer] => {
    const bytes = Buffer.from(packed);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
    return [`${at}.csv.zst`, bytes];
  });
  const cuts = [...packed.keys()].slice(1).map((at): [string, Buffer] => [`cut-${at}.csv.zst`, packed.subarray(0, at)]);
  const done = await bench.compact([...flips, ...cuts], { schema: [{ name: 'id', type: 'BIGINT' }] });
  const included = Object.entries(done.byName).filter(([, verdict]) => verdict.endsWith(' rows'));
  // an unused bit, and the size of the window
  expect(included).toEqual([
    ['4.csv.zst', '3 rows'],
    ['5.csv.zst', '3 rows'],
  ]);
  expect(await done.rowsOut('DISTINCT id, name')).toEqual([
    { id: 1n, name: 'ann' },
    { id: 2n, name: 'bob' },
    { id: 3n, name: 'cid' },
  ]);
});

test('text declared as latin-1 or windows-1252 comes out as the text it is; a mark at the beginning stands before what was declared', async () => {
  const bytes = Buffer.from('city\nM\xfcnchen \x80\n', 'latin1');
  const marked = Buffer.from('\ufeffcity\nKöln\n', 'utf16le');
  const latin = await bench.compact([['a.csv', bytes]], { encoding: 'latin-1' });
  expect(await latin.rowsOut()).toEqual([{ city: 'München \u0080' }]);
  const windows = await bench.compact(
    [
      ['a.csv', bytes],
      ['b.csv', marked],
      ['c.csv', '\ufeffcity\nÜlzen\n'],
    ],
    { encoding: 'windows-1252' },
  );
  expect(await windows.rowsOut()).toEqual([{ city: 'Köln' }, { city: 'München €' }, { city: 'Ülzen' }]);
});

test('the folders of a path are columns, decoded and typed; the null of Hive is NULL, and a column of the file itself stands before them', async () => {
  const schema = [
    { name: 'id', type: 'BIGINT' },
    { name: 'day', type: 'DATE' },
    { name: 'month', type: 'BIGINT' },
    { name: 'city', type: 'VARCHAR' },
  ];
  const done = await bench.compact(
    [
      ['lake/day=2024-05-01/month=05/city=New%20York/a.csv', 'id\n1\n'],
      ['lake/day=__HIVE_DEFAULT_PARTITION__/month=6/city=a%2Fb/b.ndjson', '{"id":2}\n'],
      ['lake/day=2024-05-03/month=7/city=x/c.csv', 'id,city\n3,inside\n'],
      ['lake/day=soon/month=7/city=x/d.csv', 'id\n4\n'],
    ],
    { hive: true, schema },
  );
  expect(done.byName['lake/day=soon/month=7/city=x/d.csv']).toBe(
    'TYPE_CHANGED: column day: expected DATE, got VARCHAR',
  );
  expect(await done.rowsOut('id, day::VARCHAR AS day, month, city')).toEqual([
    { id: 1n, day: '2024-05-01', month: 5n, city: 'New York' },
    { id: 2n, day: null, month: 6n, city: 'a/b' },
    { id: 3n, day: '2024-05-03', month: 7n, city: 'inside' },
  ]);
});

test('without a schema the folders are typed by all values of the batch, whatever the format of the files', async () => {
  const rows = await bench.compact(
    [
      ['y=2024/m=01/d=2024-01-02/a.csv', 'id\n1\n'],
      ['y=2025/m=02/d=2024-01-03/b.csv', 'id\n2\n'],
    ],
    { hive: true },
  );
  expect(rows.columns).toEqual([
    { name: 'id', type: 'BIGINT' },
    { name: 'y', type: 'BIGINT' },
    { name: 'm', type: 'VARCHAR' },
    { name: 'd', type: 'DATE' },
  ]);
});
