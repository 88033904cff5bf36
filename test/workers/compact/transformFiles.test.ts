import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transformFiles } from '../../../src/workers/compact/transformFiles.js';
import { type Bench, type File, idOf, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

let calls = 0;
async function run(files: readonly File[], transform: string, sort: readonly string[] = [], targetBytes = 256e6) {
  const result = await bench.compact(files);
  const outDir = join(bench.scratch, `transformed-${++calls}`);
  return transformFiles({
    session: bench.session,
    transform,
    result,
    compression: 'zstd',
    pages: 'v2',
    sort,
    targetBytes,
    outDir,
  });
}

async function rowsOf(result: Awaited<ReturnType<typeof run>>) {
  const paths = result.artifacts.map(({ path }) => `'${path}'`).join(', ');
  return bench.session.query(`SELECT * EXCLUDE (_sluice_object) FROM read_parquet([${paths}])`);
}

test('rows get the columns of the SELECT, keep their object and number, and are filtered and sorted; what was filtered is counted', async () => {
  const result = await run(
    [
      ['a.csv', 'id,status,price\n1,new,5\n2,old,6\n3,new,7\n'],
      ['b.csv', 'id,status,price\n4,old,8\n'],
    ],
    "select id::varchar as key, upper(status) as status, * exclude (id, status) from input where status <> 'old'",
    ['key'],
  );
  expect(result.columns).toEqual([
    { name: 'key', type: 'VARCHAR' },
    { name: 'status', type: 'VARCHAR' },
    { name: 'price', type: 'BIGINT' },
  ]);
  expect(result.objects).toEqual([
    { object: idOf(0), kind: 'included', rows: 3, filtered: 1 },
    { object: idOf(1), kind: 'included', rows: 1, filtered: 1 },
  ]);
  expect(result.rows).toEqual({ in: 4, out: 2 });
  expect(await rowsOf(result)).toEqual([
    { key: '1', status: 'NEW', price: 5n, _sluice_row: 0n },
    { key: '3', status: 'NEW', price: 7n, _sluice_row: 2n },
  ]);
});

test('an object with a row that an expression fails on is quarantined without its value being told; the others go on', async () => {
  const result = await run(
    [
      ['a.csv', 'id,day\n1,2024-01-02x\n'],
      ['b.csv', 'id,day\n2,secret\n'],
      ['c.csv', 'id,day\n3,2024-01-03x\n'],
    ],
    "select id, replace(day, 'x', '')::date as day from input",
  );
  expect(result.objects).toEqual([
    { object: idOf(0), kind: 'included', rows: 1 },
    {
      object: idOf(1),
      kind: 'quarantined',
      code: 'VALUE_INVALID',
      reason: 'transform: expected an answer for every row, got a Conversion Error',
    },
    { object: idOf(2), kind: 'included', rows: 1 },
  ]);
});

test('what Parquet has no type for is kept as a type that holds it, and an object with a value that none holds is set aside', async () => {
  const result = await run(
    [
      ['a.csv', 'id,began,ended\n1,2024-01-01T00:00:00,2024-01-01T00:00:01.5\n'],
      ['b.csv', 'id,began,ended\n8,2024-01-01T00:00:00,2024-01-01T00:00:02\n'],
      ['c.csv', 'id,began,ended\n2,2024-01-01T00:00:00,2024-01-01T00:00:00.000001\n'],
      ['d.csv', 'id,began,ended\n3,,\n'],
    ],
    `select id, ended - began as took, 20000000000000000000000000000000000000::hugeint * id as huge,
      [id::hugeint] as list, '101'::bit as bits, '10:00:00+02'::timetz as at from input`,
  );
  expect(result.columns.map(({ type }) => type)).toEqual([
    'BIGINT',
    'INTERVAL',
    'DECIMAL(38,0)',
    'DECIMAL(38,0)[]',
    'VARCHAR',
    'VARCHAR',
  ]);
  const aside = (object: string, got: string) => {
    const reason = `transform: expected an answer for every row, got a ${got}`;
    return { object, kind: 'quarantined', code: 'VALUE_INVALID', reason };
  };
  expect(result.objects).toEqual([
    { object: idOf(0), kind: 'included', rows: 1 },
    aside(idOf(1), 'Conversion Error'),
    aside(idOf(2), 'value that Parquet does not hold whole'),
    { object: idOf(3), kind: 'included', rows: 1 },
  ]);
  const paths = result.artifacts.map(({ path }) => `'${path}'`).join(', ');
  const texts = await bench.session.query(
    `SELECT took::VARCHAR AS took, huge::VARCHAR AS huge, list::VARCHAR AS list, bits, "at" FROM read_parquet([${paths}]) ORDER BY id`,
  );
  expect(texts).toEqual([
    { took: '00:00:01.5', huge: `2${'0'.repeat(37)}`, list: '[1]', bits: '101', at: '10:00:00+02' },
    { took: null, huge: `6${'0'.repeat(37)}`, list: '[3]', bits: '101', at: '10:00:00+02' },
  ]);
});

test('a transform that filters everything leaves no artifact, and its columns all the same', async () => {
  const result = await run([['a.csv', 'id\n1\n']], 'select id as key from input where id > 5');
  expect([result.artifacts, result.columns]).toEqual([[], [{ name: 'key', type: 'BIGINT' }]]);
});

test.each([
  ['select nothing from input', /^transform: expected columns of the dataset.*nothing/],
  ['select id, id as ID from input', /^transform: expected each column once, got id twice/],
  ['select random() as id from input', /^transform: line 1, column 8: expected functions/],
  ['select * exclude (id) from input', /^transform: /],
])('what the transform may not be is CONFIG_INVALID: %s', async (transform, message) => {
  await expect(run([['a.csv', 'id\n1\n']], transform)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  });
});

test('a sort column that the transform leaves out is CONFIG_INVALID', async () => {
  const sorted = run([['a.csv', 'id,name\n1,x\n']], 'select id from input', ['name']);
  await expect(sorted).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
