import avro from 'avsc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, type File, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

async function writeAvro(schema: object, rows: readonly object[]): Promise<Buffer> {
  const encoder = new avro.streams.BlockEncoder(schema as avro.Schema);
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise((resolve) => encoder.on('end', resolve));
  for (const row of rows) encoder.write(row);
  encoder.end();
  await done;
  return Buffer.concat(chunks);
}

/** The verdict on one line of JSON under a type, and its value in the artifact. */
async function read(type: string, json: string): Promise<string> {
  const lines = `{"v":null}\n{"v":${json}}\n{}\n`;
  const done = await bench.compact([['a.ndjson', lines]], { schema: [{ name: 'v', type }] });
  const [first] = await done.rowsOut('v::VARCHAR AS v');
  return done.artifacts.length === 0 ? (done.byName['a.ndjson'] ?? '') : String(first?.v);
}

test.each([
  [
    'STRUCT(a BIGINT, b VARCHAR[])',
    '{"b":["x",null,1],"a":9007199254740993}',
    "{'a': 9007199254740993, 'b': [x, NULL, 1]}",
  ],
  ['STRUCT(a STRUCT(b DATE))', '{"a":{"b":"2024-01-02"}}', "{'a': {'b': 2024-01-02}}"],
  ['STRUCT("it\'s ""a""" BIGINT)', `{"it's \\"a\\"":1}`, `{'it\\'s "a"': 1}`],
  ['MAP(VARCHAR, DOUBLE)', '{"a":1.5,"b":null}', '{a=1.5, b=NULL}'],
  ['BIGINT[][]', '[[1],[],null]', '[[1], [], NULL]'],
  ['TIMESTAMP[]', '["2024-01-01T12:34:56Z"]', "['2024-01-01 12:34:56']"],
  ['DECIMAL(20,3)[]', '["12345678901234567.125",1.5]', '[12345678901234567.125, 1.500]'],
])('a nested value of JSON that its type holds is kept: %s of %s', async (type, json, text) => {
  expect(await read(type, json)).toBe(text);
});

test.each([
  ['STRUCT(a BIGINT)', '{"a":1.5}'],
  ['STRUCT(a BIGINT)', '{"a":true}'],
  ['STRUCT(a BIGINT)', '{"a":1,"other":2}'],
  ['STRUCT(a BIGINT)', '{"A":1}'],
  ['STRUCT(a BIGINT)', '5'],
  ['BIGINT[]', '[1,2.7]'],
  ['DATE[]', '["2024-01-01 12:34:56"]'],
  ['TIMESTAMP[]', '["2024-01-01T12:34:56+05:00"]'],
  ['TIMESTAMP[]', '["2024-01-01T12:34:56.1234567"]'],
  ['DECIMAL(10,2)[]', '[1.255]'],
  ['DOUBLE[]', '[1e400]'],
  ['MAP(VARCHAR, BIGINT)', '{"a":1.5}'],
  ['MAP(BIGINT, BIGINT)', '{"1.5":1}'],
])('a nested value of JSON that its type would change is refused: %s of %s', async (type, json) => {
  expect(await read(type, json)).toMatch(/^TYPE_CHANGED: column v: expected .*, got \w+ in 1 row, first in row 2$/);
});

test('nested values in a field of CSV are JSON, proven in the same way', async () => {
  const schema = [
    { name: 'id', type: 'BIGINT' },
    { name: 'v', type: 'STRUCT(a BIGINT)' },
  ];
  const csv = (value: string) => `id,v\n1,"${value.replaceAll('"', '""')}"\n2,\n`;
  const files: readonly File[] = [
    ['sound.csv', csv('{"a": 1}')],
    ['rounded.csv', csv('{"a": 1.5}')],
    ['other.csv', csv("{'a': 1}")],
  ];
  const done = await bench.compact(files, { schema });
  expect(Object.values(done.byName).map((verdict) => verdict.split(':')[0])).toEqual([
    '2 rows',
    'TYPE_CHANGED',
    'TYPE_CHANGED',
  ]);
  expect(await done.rowsOut('id, v::VARCHAR AS v')).toEqual([
    { id: 1n, v: "{'a': 1}" },
    { id: 2n, v: null },
  ]);
});

test.each([
  ['STRUCT(x DOUBLE)', '{x: 9007199254740992::BIGINT}', '{x: 9007199254740993::BIGINT}'],
  ['DOUBLE[]', '[5::BIGINT, NULL]', '[9007199254740993::BIGINT]'],
  ['FLOAT[]', '[16777216::INTEGER]', '[16777217::INTEGER]'],
  ['MAP(VARCHAR, DOUBLE)', "MAP {'k': 1::UBIGINT}", "MAP {'k': 18446744073709551615::UBIGINT}"],
  [
    'STRUCT(x TIMESTAMP)',
    "{x: TIMESTAMP_NS '2024-01-02 03:04:05.123456'}",
    "{x: TIMESTAMP_NS '2024-01-02 03:04:05.123456789'}",
  ],
  ['STRUCT(x DOUBLE, y BIGINT)[]', '[{x: 5::INTEGER}]', '[{x: 9007199254740993::BIGINT}]'],
])('a nested value of Parquet goes into %s only where that holds it whole', async (type, sound, lossy) => {
  const done = await bench.compact(
    [
      ['sound.parquet', await makeParquet(bench, `SELECT ${sound} AS v`)],
      ['lossy.parquet', await makeParquet(bench, `SELECT ${lossy} AS v`)],
    ],
    { schema: [{ name: 'v', type }] },
  );
  expect(done.byName).toEqual({
    'sound.parquet': '1 rows',
    'lossy.parquet': expect.stringMatching(/^TYPE_CHANGED: column v: expected .*, got .* in 1 row, first in row 1$/s),
  });
});

test.each([
  ['2024-01-01 00:00:00.1234', 'TIMESTAMP_MS'],
  ['2024-01-01 00:00:00.9', 'TIMESTAMP_S'],
])('a moment %s does not lose its digits in a column of %s', async (text, type) => {
  const done = await bench.compact([['a.csv', `v\n${text}\n`]], { schema: [{ name: 'v', type }], evolution: 'strict' });
  expect(done.byName['a.csv']).toMatch(/^TYPE_CHANGED: column v/);
  const wider = await bench.compact([['a.csv', `v\n${text}\n`]], { schema: [{ name: 'v', type }] });
  expect(wider.columns).toEqual([{ name: 'v', type: 'TIMESTAMP' }]);
  expect(await wider.rowsOut('v::VARCHAR AS v')).toEqual([{ v: text }]);
});

test('a guess that a column is of floats ends where a text says more than a float holds', async () => {
  const long = `a\n${'2.5\n'.repeat(1500)}12345678901234567.89\n`;
  for (const text of ['a\n12345678901234567.89\n2.5\n', long]) {
    const done = await bench.compact([['a.csv', text]]);
    expect(done.columns).toEqual([{ name: 'a', type: 'VARCHAR' }]);
    expect(await done.rowsOut('DISTINCT a')).toEqual([{ a: '12345678901234567.89' }, { a: '2.5' }]);
  }
});

test('a file with a key of no name, a null for a row, or a name of the engine does not stop the others', async () => {
  const done = await bench.compact([
    ['nameless.ndjson', '{"":1,"a":2}\n'],
    ['null.ndjson', '{"a":1}\nnull\n'],
    ['null.json', '[{"a":1},null]'],
    ['lists.json', '[[{"a":1}]]'],
    ['taken.csv', '_sluice row,a\n1,2\n'],
    ['names.ndjson', '{"sluice row":1,"sluice file":2,"filename":3,"file_index":4,"a":5}\n'],
    ['bare.ndjson', '{"a":6}\n{}\n'],
  ]);
  expect(done.byName).toEqual({
    'nameless.ndjson': 'COLUMN_MISMATCH: expected a name of each column, got an empty one',
    'null.ndjson': 'OBJECT_UNREADABLE: expected JSON objects, got another value in 1 row, first in row 2',
    'null.json': 'OBJECT_UNREADABLE: expected JSON objects, got another value in 1 row, first in row 2',
    'lists.json': 'OBJECT_UNREADABLE: expected JSON objects, got another value in 1 row, first in row 1',
    'taken.csv': "COLUMN_MISMATCH: expected no column of Sluice's own, got _sluice row",
    'names.ndjson': '1 rows',
    'bare.ndjson': '2 rows',
  });
  expect(await done.rowsOut('a, "sluice row"')).toEqual([
    { a: 5n, 'sluice row': 1n },
    { a: 6n, 'sluice row': null },
    { a: null, 'sluice row': null },
  ]);
});

test('two columns of one name in Parquet or Avro are refused: the engine gives the second another name', async () => {
  const table = await makeParquet(bench, 'SELECT 1 AS aa, {bb: 2, aa: 3} AS s, 4 AS ab');
  const renamed = (to: string) => {
    const bytes = Buffer.from(table);
    for (let at = bytes.indexOf('ab'); at >= 0; at = bytes.indexOf('ab', at + 1)) bytes.write(to, at);
    return bytes;
  };
  const fields = ['id', 'ID'].map((name) => ({ name, type: 'int' }));
  const done = await bench.compact([
    ['once.parquet', table],
    ['case.parquet', renamed('AA')],
    ['same.parquet', renamed('aa')],
    ['case.avro', await writeAvro({ type: 'record', name: 'Row', fields }, [{ id: 1, ID: 2 }])],
  ]);
  const twice = (name: string) =>
    `COLUMN_MISMATCH: expected each column once, got ${name} twice (upper and lower case are one)`;
  expect(done.byName).toEqual({
    'once.parquet': '1 rows',
    'case.parquet': twice('AA'),
    'same.parquet': twice('aa'),
    'case.avro': twice('ID'),
  });
});

test('strings of Avro that are no UTF-8, and keys that the decoder loses, are refused; a true U+FFFD stays', async () => {
  const text = { type: 'record', name: 'Row', fields: [{ name: 's', type: 'string' }] };
  const map = { type: 'record', name: 'Row', fields: [{ name: 'm', type: { type: 'map', values: 'int' } }] };
  const broken = await writeAvro(text, [{ s: 'sound' }, { s: 'ABCDEF' }]);
  broken.write('\xff\xfe', broken.indexOf('ABCDEF'), 'latin1');
  const done = await bench.compact([
    ['broken.avro', broken],
    ['key.avro', await writeAvro(map, [{ m: JSON.parse('{"a":1,"__proto__":2}') }])],
    ['sound.avro', await writeAvro(text, [{ s: 'a\uFFFD' }, { s: '__proto__' }])],
  ]);
  expect(done.byName).toEqual({
    'broken.avro': 'VALUE_INVALID: expected UTF-8 in the strings of row 2, got other bytes',
    'key.avro': 'FORMAT_UNSUPPORTED: expected no key __proto__ in a map, got one in row 1',
    'sound.avro': '2 rows',
  });
  expect(await done.rowsOut('s')).toEqual([{ s: '__proto__' }, { s: 'a\uFFFD' }]);
});
