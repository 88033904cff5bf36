import { gzipSync } from 'node:zlib';
import avro from 'avsc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readElements, readRecords, recordText } from '../../../src/workers/compact/records.js';
import { type Bench, DELAYS, type File, idOf, makeParquet, openBench } from './support.js';
import { fc } from '../../support/fc.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

const compact = (files: readonly File[]) => bench.compact(files, { schema: DELAYS, onBadRow: 'row' });

test('rows of CSV that do not fit or cannot be read are taken out with text, line and reason; the others go on', async () => {
  const result = await compact([
    ['misfit.csv', 'flight,delay\nA,1\nB,late\n\n"C\nC",3\nD,"4,5"\n'],
    ['ragged.csv.gz', gzipSync('flight,delay\r\nE,5\r\nF,6,7\r\nG\r\nH,8\r\n"I,9"x\r\nJ,10\r\nK,x\r\nL,11\r\n')],
    ['good.csv', 'flight,delay\nM,12\n'],
  ]);
  expect(result.objects).toEqual([
    { object: idOf(0), kind: 'included', rows: 4, quarantined: 2 },
    { object: idOf(1), kind: 'included', rows: 8, quarantined: 4 },
    { object: idOf(2), kind: 'included', rows: 1 },
  ]);
  expect(result.rows).toEqual({ in: 13, out: 7 });
  expect((await result.rowsOut()).map(({ flight, delay }) => [flight, delay])).toEqual([
    ['A', 1n],
    ['C\nC', 3n],
    ['E', 5n],
    ['H', 8n],
    ['J', 10n],
    ['L', 11n],
    ['M', 12n],
  ]);
  const header = 'flight,delay';
  const misfit = { code: 'VALUE_INVALID', reason: 'column delay: expected BIGINT, got another value', header };
  const unreadable = { code: 'ROW_UNREADABLE', header };
  expect(result.aside).toEqual([
    { object: idOf(0), line: 3, raw: 'B,late', ...misfit },
    { object: idOf(0), line: 7, raw: 'D,"4,5"', ...misfit },
    { object: idOf(1), line: 3, raw: 'F,6,7', reason: 'expected 2 columns, got more', ...unreadable },
    { object: idOf(1), line: 4, raw: 'G', reason: 'expected 2 columns, got fewer', ...unreadable },
    { object: idOf(1), line: 6, raw: '"I,9"x', reason: expect.stringContaining('quoted value'), ...unreadable },
    { object: idOf(1), line: 8, raw: 'K,x', ...misfit },
  ]);
});

test('lines of NDJSON that hold no object, a NUL or a value that does not fit are taken out', async () => {
  const lines = [
    '{"flight":"A","delay":1}',
    '',
    '[2]',
    'nonsense',
    '{"flight":"B","delay":"late"}',
    '{"flight":"C\\u0000"}',
  ];
  const result = await compact([
    [
      'a.ndjson',
      `${[...lines, '{"flight":"D","delay":4}', '{"flight":"E"}', '{"flight":"F","delay":1.5}', '{"delay":6}', '{"delay":7}'].join('\n')}\n`,
    ],
  ]);
  expect(result.objects).toEqual([{ object: idOf(0), kind: 'included', rows: 10, quarantined: 5 }]);
  expect(result.aside.map(({ line, code, raw }) => [line, code, raw])).toEqual([
    [3, 'ROW_UNREADABLE', '[2]'],
    [4, 'ROW_UNREADABLE', 'nonsense'],
    [5, 'VALUE_INVALID', '{"flight":"B","delay":"late"}'],
    [6, 'VALUE_INVALID', '{"flight":"C\\u0000"}'],
    [9, 'VALUE_INVALID', '{"flight":"F","delay":1.5}'],
  ]);
  expect((await result.rowsOut('delay')).map(({ delay }) => delay)).toEqual([1n, 4n, 6n, 7n, null]);
});

test('elements of a JSON array that are no objects, hold a NUL or do not fit are taken out by their number', async () => {
  const array =
    '[ {"flight":"A","delay":1},\n{"flight":"B",\n "delay":"late"}, null,{"flight":"],}\\"","delay":3},{"flight":"C\\u0000"},{"delay":6},{},{"delay":8}, 5 ]\n';
  const result = await compact([
    ['a.json', array],
    ['cut.json', array.slice(0, -4)],
  ]);
  expect(result.objects).toMatchObject([
    { object: idOf(0), kind: 'included', rows: 9, quarantined: 4 },
    { object: idOf(1), kind: 'quarantined' },
  ]);
  expect(readElements(Buffer.from('[1,,2]'))).toBeUndefined();
  expect(readElements(Buffer.from('[1,2,]'))).toBeUndefined();
  expect(readElements(Buffer.from('[1] x'))).toBeUndefined();
  expect(readElements(Buffer.from(' [ ]\n'))).toEqual([]);
  expect(result.aside.map(({ line, code, raw, isRow }) => [line, code, raw, isRow])).toEqual([
    [2, 'VALUE_INVALID', '{"flight":"B",  "delay":"late"}', true],
    [3, 'ROW_UNREADABLE', 'null', true],
    [5, 'VALUE_INVALID', '{"flight":"C\\u0000"}', true],
    [9, 'ROW_UNREADABLE', '5', true],
  ]);
  expect((await result.rowsOut('delay, flight')).map(({ delay, flight }) => [delay, flight])).toEqual([
    [1n, 'A'],
    [3n, '],}"'],
    [6n, null],
    [8n, null],
    [null, null],
  ]);
});

test('rows of Parquet whose values the column cannot hold, or with a NUL, are taken out with their content as JSON', async () => {
  const schema = [
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'size', type: 'DOUBLE' },
    { name: 'note', type: 'VARCHAR' },
    { name: 'tags', type: 'BIGINT[]' },
  ];
  const rows = [
    "(TIMESTAMP_NS '2024-01-01 00:00:00.000001', 1, 'a', [1])",
    "(TIMESTAMP_NS '2024-01-01 00:00:00.000000001', 2, 'b', [2])",
    "(TIMESTAMP_NS '2024-01-01', 9007199254740993, NULL, NULL)",
    "(NULL, 4, 'd' || chr(0), [])",
    "(NULL, NULL, 'e', [5])",
    "(NULL, 6, 'f', [6])",
  ];
  const sql = `SELECT t."at", t.size::BIGINT AS size, t.note, t.tags::INTEGER[] AS tags FROM (VALUES ${rows.join(', ')}) t("at", size, note, tags)`;
  const files: readonly File[] = [
    ['a.parquet', await makeParquet(bench, sql)],
    ['b.parquet', await makeParquet(bench, `${sql} LIMIT 3`)],
  ];
  const result = await bench.compact(files, { schema, onBadRow: 'row' });
  expect(result.byName['b.parquet']).toMatch(/^TYPE_CHANGED: column (at|size)/);
  expect(result.objects[0]).toEqual({ object: idOf(0), kind: 'included', rows: 6, quarantined: 3 });
  expect(result.rows).toEqual({ in: 6, out: 3 });
  expect(result.aside.map(({ line, code, reason, raw }) => [line, code, reason, JSON.parse(raw)])).toEqual([
    [
      2,
      'VALUE_INVALID',
      'column at: expected TIMESTAMP, got another value',
      { at: '2024-01-01 00:00:00.000000001', size: '2', note: 'b', tags: [2] },
    ],
    [
      3,
      'VALUE_INVALID',
      'column size: expected DOUBLE, got another value',
      { at: '2024-01-01 00:00:00', size: '9007199254740993', note: null, tags: null },
    ],
    [4, 'VALUE_INVALID', 'column note: expected VARCHAR, got a NUL', { at: null, size: '4', note: 'd\0', tags: [] }],
  ]);
  expect((await result.rowsOut('note')).map(({ note }) => note)).toEqual(['a', 'e', 'f']);
  const whole = await bench.compact(files, { schema });
  expect(Object.values(whole.byName).map((verdict) => verdict.split(':')[0])).toEqual(['TYPE_CHANGED', 'TYPE_CHANGED']);
  // The rows that are sent again under a schema that holds them come back whole.
  const again = result.aside.filter(({ line }) => line < 4).map(({ raw }) => raw);
  const wider = schema.map(({ name, type }) => ({ name, type: { at: 'TIMESTAMP_NS', size: 'BIGINT' }[name] ?? type }));
  const back = await bench.compact([['again.ndjson', `${again.join('\n')}\n`]], { schema: wider });
  expect(await back.rowsOut('"at"::VARCHAR AS "at", size, note, tags')).toEqual([
    { at: '2024-01-01 00:00:00', size: 9007199254740993n, note: null, tags: null },
    { at: '2024-01-01 00:00:00.000000001', size: 2n, note: 'b', tags: [2n] },
  ]);
});

test('rows of Avro that break the schema of their own file, or the one of the dataset, are taken out by their number', async () => {
  const type: avro.Schema = {
    type: 'record',
    name: 'Row',
    fields: [
      { name: 'id', type: { type: 'string', logicalType: 'uuid' } },
      { name: 'size', type: 'long' },
    ],
  };
  const uuid = '6f1c2d34-0000-4000-8000-000000000001';
  const rows: readonly (readonly [string, number])[] = [
    [uuid, 1],
    ['none', 2],
    [uuid, 3],
    [uuid, 4],
    [uuid, 5],
    [uuid, 2 ** 40 + 1],
  ];
  const encoder = new avro.streams.BlockEncoder(type);
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise((resolve) => encoder.on('end', resolve));
  for (const [id, size] of rows) encoder.write({ id, size });
  encoder.end();
  await done;
  const file: File = ['a.avro', Buffer.concat(chunks)];
  const schema = [
    { name: 'id', type: 'UUID' },
    { name: 'size', type: 'FLOAT' },
  ];
  const result = await bench.compact([file], { schema, onBadRow: 'row' });
  expect(result.objects).toEqual([{ object: idOf(0), kind: 'included', rows: 6, quarantined: 2 }]);
  expect(result.aside.map(({ line, reason, raw }) => [line, reason, JSON.parse(raw)])).toEqual([
    [2, 'column id: expected UUID, as the schema of the file says, got another value', { id: 'none', size: '2' }],
    [6, 'column size: expected FLOAT, got another value', { id: uuid, size: String(2 ** 40 + 1) }],
  ]);
  expect((await result.rowsOut('size')).map(({ size }) => size)).toEqual([1, 3, 4, 5]);
  expect((await bench.compact([file], { schema })).byName['a.avro']).toMatch(/^VALUE_INVALID: column id/);
});

test('an object whose bad rows are most of it, or whose end may be cut, is set aside whole', async () => {
  const result = await compact([
    ['most.csv', 'flight,delay\nA,x\nB,y\nC,3\n'],
    ['cut.csv', 'flight,delay\nA,1\nB,2\nC'],
    ['cut.ndjson', '{"flight":"A","delay":1}\n{"flight":"B","delay":2}\n{"flight":"C"'],
    ['open.csv', 'flight,delay\nA,1\nB,2\n"C,3\nD,4\n'],
    ['binary.csv', 'fli\0ght,delay\nA,1\n'],
    ['latin.csv', Buffer.from('flight,delay\nA,1\nB\xe9,2\nC,3\n', 'latin1')],
    ['latin.ndjson', Buffer.from('{"flight":"A"}\n{"flight":"\xe9"}\n{"flight":"C"}\n', 'latin1')],
  ]);
  expect(Object.values(result.byName).map((answer) => answer.split(':')[0])).toEqual([
    'TYPE_CHANGED',
    'OBJECT_TRUNCATED',
    'OBJECT_TRUNCATED',
    'OBJECT_UNREADABLE',
    'VALUE_INVALID',
    'VALUE_INVALID',
    'VALUE_INVALID',
  ]);
  expect(result.aside).toEqual([]);
});

test('without the rule the object is set aside as before', async () => {
  const result = await bench.compact([['a.csv', 'flight,delay\nA,1\nB,late\nC,3\n']], { schema: DELAYS });
  expect(result.byName['a.csv']).toBe(
    'TYPE_CHANGED: column delay: expected BIGINT, got VARCHAR in 1 row, first in row 2',
  );
});

test('bad rows anywhere in random files are taken out, and none else', async () => {
  const row = fc.record({
    flight: fc.constantFrom('', 'A', 'B "6"', 'C,D', 'E\nF', '\r\n'),
    delay: fc.option(fc.integer()),
    fault: fc.option(fc.constantFrom('misfit', 'more', 'none'), { freq: 5 }),
  });
  const file = fc.record({
    rows: fc.array(row, { minLength: 1, maxLength: 25 }),
    format: fc.constantFrom('csv', 'ndjson'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 3 }), async (files) => {
      const written = files.map(({ rows, format }, index): File => {
        const lines = rows.map(({ flight, delay, fault }) => {
          if (format === 'ndjson') {
            if (fault === 'none') return '{';
            return JSON.stringify({ flight, delay: fault === null ? delay : 'x' });
          }
          if (fault === 'none') return '1';
          const own = `"${flight.replaceAll('"', '""')}",${fault === 'misfit' ? 'x' : (delay ?? '')}`;
          return fault === 'more' ? `${own},x` : own;
        });
        return [
          `${index}.${format}`,
          [...(format === 'csv' ? ['flight,delay'] : []), ...lines, format === 'csv' ? 'Z,1' : '{}', ''].join('\n'),
        ];
      });
      const result = await compact(written);
      for (const [index, { rows }] of files.entries()) {
        const bad = rows.filter(({ fault }) => fault !== null).length;
        const whole = bad > rows.length + 1 - bad;
        expect(result.objects[index], JSON.stringify(written[index])).toMatchObject(
          whole ? { kind: 'quarantined' } : { kind: 'included', rows: rows.length + 1 },
        );
        if (!whole) expect(result.aside.filter(({ object }) => object === idOf(index))).toHaveLength(bad);
      }
    }),
    { numRuns: 40 },
  );
});

test('text is cut into records by its lines, and in CSV by its quotes', () => {
  const texts = (text: string, quotes: boolean) => {
    const bytes = Buffer.from(text);
    return readRecords(bytes, { quotes }).map((record) => `${record.line}:${recordText(bytes, record)}`);
  };
  expect(texts('a,b\r\n\r\n"x\ny",1\n\nz', true)).toEqual(['1:a,b', '3:"x\ny",1', '6:z']);
  expect(texts('{"a":"\\""}\n  \n{}', false)).toEqual(['1:{"a":"\\""}', '3:  \n{}'.replace('  \n', '  \n')]);
});
