import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

test('names of columns keep every letter, and blanks around them go', async () => {
  const schema = [
    { name: 'id', type: 'BIGINT' },
    { name: 'città', type: 'VARCHAR' },
  ];
  const result = await bench.compact([['a.csv', 'id , città\n1,Roma\n']], { schema, evolution: 'strict' });
  expect(result.byName).toEqual({ 'a.csv': '1 rows' });
  expect(await result.rowsOut('id::INTEGER AS id, "città" AS c')).toEqual([{ id: 1, c: 'Roma' }]);
});

test('a header with a line end inside a name that is not its own is refused, never taken for the whole file', async () => {
  const result = await bench.compact([
    ['other.csv', '"a\nx",b\r\n1,2\r\n3,4\r\n'],
    ['same.csv', '"a\nx",b\n1,2\n3,4\n'],
  ]);
  expect(result.byName['other.csv']).toMatch(
    /^OBJECT_UNREADABLE: expected a header whose lines end as the header does/,
  );
  expect(result.byName['same.csv']).toBe('2 rows');
});

test('fields of a struct may have the names of types', async () => {
  const fields = await makeParquet(bench, "SELECT 1 AS id, {'SKU': 'a', 'VARIANT': 'red', 'GEOMETRY': 'round'} AS p");
  const result = await bench.compact([['a.parquet', fields]]);
  expect(result.byName).toEqual({ 'a.parquet': '1 rows' });
});
