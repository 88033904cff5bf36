import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecords, recordText } from '../../../src/workers/compact/records.js';
import { type Bench, DELAYS, type File, idOf, openBench } from './support.js';
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
