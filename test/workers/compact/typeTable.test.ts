import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

/** A value as Parquet holds it, the type that its column gets, and the value in the artifact as text. */
const TYPES: readonly (readonly [sql: string, type: string, text: string])[] = [
  ["TIMESTAMP_NS '2024-01-02 03:04:05.123456789'", 'TIMESTAMP_NS', '2024-01-02 03:04:05.123456789'],
  ["TIMESTAMP_MS '2024-01-02 03:04:05.123'", 'TIMESTAMP', '2024-01-02 03:04:05.123'],
  ["TIMESTAMPTZ '2024-01-02 03:04:05+02'", 'TIMESTAMP WITH TIME ZONE', '2024-01-02 01:04:05+00'],
  ["TIME '23:59:59.999999'", 'TIME', '23:59:59.999999'],
  ['255::UTINYINT', 'UTINYINT', '255'],
  ['65535::USMALLINT', 'USMALLINT', '65535'],
  ['4294967295::UINTEGER', 'UINTEGER', '4294967295'],
  ['18446744073709551615::UBIGINT', 'UBIGINT', '18446744073709551615'],
  ["'6f1c2d34-0000-4000-8000-000000000001'::UUID", 'UUID', '6f1c2d34-0000-4000-8000-000000000001'],
  ["'b'::ENUM('a', 'b')", 'VARCHAR', 'b'],
  [`'{"a": [1, 2.50]}'::JSON`, 'JSON', '{"a": [1, 2.50]}'],
  [
    "'99999999999999999999999999999999999.999'::DECIMAL(38,3)",
    'DECIMAL(38,3)',
    '99999999999999999999999999999999999.999',
  ],
  ["'1.5'::DECIMAL(4,2)", 'DECIMAL(4,2)', '1.50'],
  ["'\\xFF\\x00'::BLOB", 'BLOB', '\\xFF\\x00'],
  ["{'a': 1::UTINYINT, 'b': ['x', NULL]}", 'STRUCT("a" UTINYINT, "b" VARCHAR[])', "{'a': 1, 'b': [x, NULL]}"],
  [
    "MAP {'k': TIMESTAMP_NS '2024-01-02 03:04:05.123456789'}",
    'MAP(VARCHAR, TIMESTAMP_NS)',
    "{k='2024-01-02 03:04:05.123456789'}",
  ],
];

test.each(TYPES)('%s in Parquet comes out whole as %s', async (sql, type, text) => {
  const done = await bench.compact([['a.parquet', await makeParquet(bench, `SELECT ${sql} AS v`)]]);
  expect(done.byName).toEqual({ 'a.parquet': '1 rows' });
  expect(
    done.columns.map((column) => column.type.replaceAll('STRUCT(a UTINYINT, b ', 'STRUCT("a" UTINYINT, "b" ')),
  ).toEqual([type]);
  expect(await done.rowsOut('v::VARCHAR AS v')).toEqual([{ v: text }]);
});

test.each([
  ['BIGINT', '-1::BIGINT', '18446744073709551615::UBIGINT', ['-1', '18446744073709551615']],
  ['INTEGER', '-1::INTEGER', '4294967295::UINTEGER', ['-1', '4294967295']],
  [
    'TIMESTAMP',
    "TIMESTAMP '2024-01-02'",
    "TIMESTAMP_NS '2024-01-03 00:00:00.000001'",
    ['2024-01-02 00:00:00', '2024-01-03 00:00:00.000001'],
  ],
])('a column of %s takes %s and %s together, and loses nothing', async (_type, one, other, texts) => {
  const files = await Promise.all(
    [one, other].map(async (sql, index): Promise<[string, Buffer]> => [
      `${index}.parquet`,
      await makeParquet(bench, `SELECT ${sql} AS v`),
    ]),
  );
  const done = await bench.compact(files);
  expect(Object.values(done.byName)).toEqual(['1 rows', '1 rows']);
  expect((await done.rowsOut('v::VARCHAR AS v')).map(({ v }) => v).toSorted()).toEqual(texts);
});

test('nanoseconds that a column of microseconds cannot hold quarantine their file', async () => {
  const nanos = await makeParquet(bench, "SELECT TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS v");
  const done = await bench.compact([['a.parquet', nanos]], { schema: [{ name: 'v', type: 'TIMESTAMP' }] });
  expect(done.byName['a.parquet']).toMatch(/^TYPE_CHANGED|^VALUE_INVALID|^OBJECT/);
  expect(done.artifacts).toEqual([]);
});

test('decimals of more digits than the engine has are refused, not rounded to floats', async () => {
  const bytes = await makeParquet(bench, "SELECT '12345678901234567890123456789012345678'::DECIMAL(38,0) AS v");
  // The precision of 38 in the footer, twice (as converted and as logical type): made 50.
  const [was, long] = [Buffer.from([0x15, 0x4c]), Buffer.from([0x15, 0x64])];
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  for (let at = bytes.indexOf(was, footer); at >= 0; at = bytes.indexOf(was, at + 1)) long.copy(bytes, at);
  const done = await bench.compact([['a.parquet', bytes]]);
  expect(done.byName).toEqual({
    'a.parquet': 'FORMAT_UNSUPPORTED: column v: expected decimals of at most 38 digits, got more; write them as text',
  });
});

test.each([
  // what the schema has, what comes, the column afterwards; none: the file is set aside
  ['DATE', "TIMESTAMP '2024-01-02 03:04:05'", 'TIMESTAMP'],
  ['INTEGER', '5000000000::BIGINT', 'BIGINT'],
  ['BIGINT', '5::UBIGINT', 'DECIMAL(20,0)'],
  ['FLOAT', '1.5::DOUBLE', 'DOUBLE'],
  ['DECIMAL(10,2)', '1.2345::DECIMAL(8,4)', 'DECIMAL(12,4)'],
  ['DECIMAL(10,2)', '5000000000::BIGINT', 'DECIMAL(21,2)'],
  ['TIMESTAMP_NS', "TIMESTAMP '2024-01-02 03:04:05'", 'TIMESTAMP_NS'],
  ['VARCHAR', "'{}'::JSON", 'VARCHAR'],
  ['STRUCT(a INTEGER)', "{b: 'x', a: 5::BIGINT}", 'STRUCT("a" BIGINT, "b" VARCHAR)'],
  ['DECIMAL(38,0)', '0.5::DECIMAL(2,1)', ''],
  ['BIGINT', '1.5::DOUBLE', ''],
  ['BIGINT', "'5'", ''],
  ['TIMESTAMP', "TIMESTAMPTZ '2024-01-02 03:04:05+00'", ''],
  ['DATE', 'true', ''],
  ['UUID', "'6f1c2d34-0000-4000-8000-000000000001'", ''],
  ['STRUCT(a INTEGER)', "{a: 'x'}", ''],
])('a column of %s that meets %s becomes %s', async (from, sql, to) => {
  const file = await makeParquet(bench, `SELECT ${sql} AS v`);
  const done = await bench.compact([['a.parquet', file]], { schema: [{ name: 'v', type: from }] });
  const strict = await bench.compact([['a.parquet', file]], {
    schema: [{ name: 'v', type: from }],
    evolution: 'strict',
  });
  if (to !== from) expect(strict.byName['a.parquet']).toMatch(/^TYPE_CHANGED: column v: expected .*, got /s);
  if (to === '') expect(done.byName['a.parquet']).toMatch(/^TYPE_CHANGED: column v: expected .*, got /s);
  else expect([done.byName['a.parquet'], done.columns[0]?.type]).toEqual(['1 rows', to]);
});
