import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import { SluiceError } from '../../../src/shared/errors.js';
import { type Bench, DELAYS, type File, idOf, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

test('cut and damaged files are told apart, with their place', async () => {
  const csv = `flight,delay\n${Array.from({ length: 5000 }, (_, index) => `F${index},${index}`).join('\n')}\n`;
  const [zipped, table] = [
    gzipSync(csv),
    await makeParquet(bench, 'SELECT range AS delay, range::VARCHAR AS flight FROM range(1000)'),
  ];
  const flipped = Buffer.from(zipped);
  flipped[zipped.length >> 1] = (zipped[zipped.length >> 1] ?? 0) ^ 0x10;
  const result = await bench.compact(
    [
      ['good.csv.gz', zipped],
      ['cut.csv.gz', zipped.subarray(0, 9000)],
      ['flipped.csv.gz', flipped],
      ['none.csv.gz', Buffer.from([1, 2, 3, 4])],
      ['empty.csv', ''],
      ['empty.csv.gz', gzipSync('')],
      ['cut.parquet', table.subarray(0, 2000)],
      ['wrong.parquet', Buffer.from('this is no table at all')],
      ['footer.parquet', Buffer.concat([table.subarray(0, 500), table.subarray(-8)])],
      ['cut.csv', csv.slice(0, csv.length - 7)],
      ['cut.ndjson', '{"flight":"A","delay":1}\n{"flight":"B","de'],
      ['two.csv.gz', Buffer.concat([gzipSync('flight,delay\nA,1\n'), gzipSync('B,2\n')])],
      ['tail.csv.gz', Buffer.concat([zipped, Buffer.from('garbage')])],
    ],
    { schema: DELAYS },
  );
  const codes = Object.entries(result.byName).map(([name, answer]) => [name, answer.split(':')[0]]);
  expect(Object.fromEntries(codes)).toEqual({
    'good.csv.gz': '5000 rows',
    'cut.csv.gz': 'OBJECT_TRUNCATED',
    'flipped.csv.gz': 'OBJECT_CORRUPT',
    'none.csv.gz': 'OBJECT_CORRUPT',
    'empty.csv': 'OBJECT_EMPTY',
    'empty.csv.gz': 'OBJECT_EMPTY',
    'cut.parquet': 'OBJECT_TRUNCATED',
    'wrong.parquet': 'OBJECT_CORRUPT',
    'footer.parquet': 'OBJECT_CORRUPT',
    'cut.csv': 'OBJECT_TRUNCATED',
    'cut.ndjson': 'OBJECT_TRUNCATED',
    'two.csv.gz': '2 rows',
    'tail.csv.gz': 'OBJECT_CORRUPT',
  });
  expect(result.byName['cut.csv.gz']).toMatch(/end of the file at byte 9000 \(\d+ bytes of data before it\)/);
});

test('a damaged page inside a sound footer is found, and the other files go on', async () => {
  const table = await makeParquet(bench, "SELECT range AS delay, 'flight ' || range AS flight FROM range(20000)");
  const damaged = Buffer.from(table);
  damaged.fill(0xff, 200, 2000);
  const result = await bench.compact(
    [
      ['good.parquet', table],
      ['damaged.parquet', damaged],
    ],
    { schema: DELAYS },
  );
  expect(result.byName['good.parquet']).toBe('20000 rows');
  expect(result.byName['damaged.parquet']).toMatch(/^OBJECT_CORRUPT/);
});

test('text that is none, NUL bytes, other encodings and bad rows are refused with their place', async () => {
  const result = await bench.compact(
    [
      ['ragged.csv', 'flight,delay\nA,1\nB\nC,2\n'],
      ['nul.csv', 'flight,delay\nA\0,1\n'],
      ['nul.ndjson', '{"flight":"A\\u0000","delay":1}\n'],
      ['latin.csv', Buffer.from('flight,delay\ncaf\xe9,1\n', 'latin1')],
      ['utf16.csv', Buffer.from('\ufeffflight,delay\nA,\udc00\n', 'utf16le')],
      ['twice.csv', 'flight,Flight\nA,1\n'],
      ['twice.ndjson', '{"flight":"A","flight":"B"}\n'],
      ['quote.csv', 'flight,delay\n"A,1\n'],
      ['text.ndjson', '{"flight":"A"}\nhello\n'],
      ['list.ndjson', '{"flight":"A"}\n[1,2]\n'],
      ['sheet.xlsx', Buffer.from([0x50, 0x4b, 3, 4, 0, 0])],
      ['bom.csv', '\ufeffflight,delay\nA,1\n'],
      ['bom.ndjson', '\ufeff{"flight":"A","delay":1}\n'],
      ['good.csv', 'flight,delay\nA,1'],
    ],
    { schema: DELAYS },
  );
  expect(result.byName).toEqual({
    'ragged.csv': 'OBJECT_UNREADABLE: expected 2 columns, got 1 near line 3',
    'nul.csv': 'VALUE_INVALID: expected text, got a NUL at byte 14',
    'nul.ndjson': 'VALUE_INVALID: expected text, got a NUL at byte 12',
    'latin.csv': 'VALUE_INVALID: expected UTF-8, got other bytes near line 2',
    'utf16.csv': 'VALUE_INVALID: expected utf-16le, got other bytes after byte 2',
    'twice.csv': 'COLUMN_MISMATCH: expected each column once in the header, got Flight twice',
    'twice.ndjson': expect.stringMatching(/^OBJECT_UNREADABLE: expected each key once|^COLUMN_MISMATCH/),
    'quote.csv': expect.stringMatching(/^OBJECT_UNREADABLE: expected the end of a quoted value/),
    'text.ndjson': expect.stringMatching(/^OBJECT_UNREADABLE: expected JSON, got: unexpected character/),
    'list.ndjson': 'OBJECT_UNREADABLE: expected JSON objects, got another value in 1 row, first in row 2',
    'sheet.xlsx':
      'FORMAT_UNSUPPORTED: expected Parquet, CSV, JSON or Avro, got an Excel workbook: save the sheet as CSV',
    'bom.csv': '1 rows',
    'bom.ndjson': '1 rows',
    'good.csv': '1 rows',
  });
});

/** A session whose engine dies whenever a statement reads that file: no file is known that kills DuckDB. */
function mortalSession(killer: string): EngineSession {
  const alive = bench.session;
  const die = (sql: string) => {
    if (sql.includes(killer)) throw new SluiceError('ENGINE_DIED', 'expected an answer, got the end');
  };
  return {
    ...alive,
    run: async (sql, signal) => (die(sql), alive.run(sql, signal)),
    query: async (sql, signal) => (die(sql), alive.query(sql, signal)),
  };
}

test('an object that kills the engine is found and set aside; the others go on', async () => {
  const files = Array.from({ length: 9 }, (_, index): File => [
    `${index}${index === 6 ? '-killer' : ''}.csv`,
    `flight,delay\nF,${index}\n`,
  ]);
  let deaths = 0;
  const reopen = async () => {
    deaths += 1;
    return mortalSession('-killer');
  };
  const result = await bench.compact(files, { schema: DELAYS, session: mortalSession('-killer'), reopen });
  expect(result.rows).toEqual({ in: 8, out: 8 });
  expect(result.byName['6-killer.csv']).toMatch(/^OBJECT_UNREADABLE: .*the engine/);
  expect(result.objects.map(({ object }) => object)).toEqual(files.map((_, index) => idOf(index)));
  expect(deaths).toBeLessThan(10);
});

test('an engine that died once, from outside, costs nothing but time', async () => {
  const reopen = async () => bench.session;
  const result = await bench.compact([['a.csv', 'flight,delay\nF,1\n']], {
    schema: DELAYS,
    session: mortalSession('COPY'),
    reopen,
  });
  expect(result.byName).toEqual({ 'a.csv': '1 rows' });
  const alone = bench.compact([['a.csv', 'flight,delay\nF,1\n']], { schema: DELAYS, session: mortalSession('COPY') });
  await expect(alone).rejects.toMatchObject({ code: 'ENGINE_DIED' });
});

test('an object that needs more memory than the engine has is set aside; the others go on', async () => {
  const table = await makeParquet(bench, "SELECT 'A' AS flight, 1::BIGINT AS delay, repeat('x', 80000000) AS gate");
  const small = await openBench('90MB');
  const files: readonly File[] = [
    ['small.csv', 'flight,delay\nF,1\n'],
    ['huge.parquet', table],
  ];
  const result = await small.compact(files, { schema: DELAYS });
  await small.close();
  expect(result.byName['small.csv']).toBe('1 rows');
  expect(result.byName['huge.parquet']).toMatch(/^OBJECT_UNREADABLE: .*memory/);
});

test('an object that keeps the engine busy far longer than its bytes should is set aside; the others go on', async () => {
  const files = Array.from({ length: 5 }, (_, index): File => [
    index === 3 ? '3-bomb.csv' : `${index}.csv`,
    `flight,delay\nF,${index}\n`,
  ]);
  const query: EngineSession['query'] = (sql, signal) => {
    if (!sql.startsWith('COPY') || !sql.includes(idOf(3))) return bench.session.query(sql, signal);
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const result = await bench.compact(files, {
    schema: DELAYS,
    session: { ...bench.session, query },
    statementTime: { leastMs: 1500, bytesPerSecond: 1e9 },
  });
  expect(result.byName['3-bomb.csv']).toMatch(/^OBJECT_UNREADABLE: .*alone: expected the engine's answer within 1.5/);
  expect(result.rows).toEqual({ in: 4, out: 4 });
});

test('a column with a name of the kind that Sluice keeps for itself quarantines its object alone', async () => {
  const result = await bench.compact([
    ['a.csv', 'flight,_Sluice_Batch\nF1,2\n'],
    ['b.csv', 'flight,delay\nF2,3\n'],
  ]);
  expect(result.byName).toEqual({
    'a.csv': "COLUMN_MISMATCH: expected no column of Sluice's own, got _Sluice_Batch",
    'b.csv': '1 rows',
  });
  expect(result.columns.map(({ name }) => name)).toEqual(['flight', 'delay']);
});

test('decimals of JSON are taken digit by digit, whole ones too long for a number stay text, and floats that are none are quarantined', async () => {
  const schema = [
    { name: 'price', type: 'DECIMAL(30,12)' },
    { name: 'level', type: 'DOUBLE' },
  ];
  const result = await bench.compact(
    [
      ['long.ndjson', '{"price": 123456789.123456789123}\n'],
      ['whole.ndjson', '{"level": 9007199254740993}\n'],
      ['vast.ndjson', '{"level": 1e400}\n'],
      ['text.ndjson', '{"price": "123456789.123456789123"}\n{"price": null}\n'],
      ['exact.ndjson', '{"price": "12345678901234.567"}\n{"price": "1234567890123.4567"}\n'],
      ['good.ndjson', '{"price": 1.25, "level": 0.1, "code": 12345678901234567890123}\n'],
    ],
    { schema },
  );
  expect(result.byName).toMatchObject({
    'long.ndjson': '1 rows',
    'whole.ndjson': 'TYPE_CHANGED: column level: expected DOUBLE, got BIGINT in 1 row, first in row 1',
    'vast.ndjson': 'VALUE_INVALID: column level: expected DOUBLE, got DOUBLE in 1 row, first in row 1',
    'text.ndjson': '2 rows',
    'exact.ndjson': '2 rows',
    'good.ndjson': '1 rows',
  });
  expect(await result.rowsOut('price::VARCHAR AS price')).toContainEqual({ price: '123456789.123456789123' });
  expect(await result.rowsOut('price::VARCHAR AS price')).toContainEqual({ price: '12345678901234.567000000000' });
  expect(await result.rowsOut('code')).toContainEqual({ code: '12345678901234567890123' });
});

test('a NUL in text quarantines its object alone and names the column, in Parquet and behind an escape that a scan missed', async () => {
  // The escape lies across the end of the first piece of a scan.
  const lead = '{"flight": "F1", "note": "';
  const long = `{"flight": "${'x'.repeat((1 << 20) - lead.length - 17)}"}\n${lead}\\u0000"}\n`;
  expect(Math.floor(long.indexOf('\\u0000') / (1 << 20))).toBe(0);
  expect(Math.floor((long.indexOf('\\u0000') + 5) / (1 << 20))).toBe(1);
  const result = await bench.compact([
    ['nul.parquet', await makeParquet(bench, "SELECT 'F' || chr(0) AS flight, 'n' AS note")],
    ['good.parquet', await makeParquet(bench, "SELECT 'F2' AS flight, NULL::VARCHAR AS note")],
    ['long.ndjson', long],
  ]);
  expect(result.byName).toEqual({
    'nul.parquet': 'VALUE_INVALID: column flight: expected text, got a NUL',
    'good.parquet': '1 rows',
    'long.ndjson': 'VALUE_INVALID: column note: expected text, got a NUL',
  });
});
