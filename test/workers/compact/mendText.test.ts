import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, openBench } from './support.js';
import { fc } from '../../support/fc.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

const SCHEMA = [
  { name: 'id', type: 'BIGINT' },
  { name: 'note', type: 'VARCHAR' },
];
const note = fc.oneof(
  fc.constantFrom('', ' ', '"', '""', ',', '\n', '\r\n', '\r', '5" disk', 'a\r\nb', '}{', '\\', '\\"'),
  fc.string({ maxLength: 6 }).filter((value) => !value.includes('\0')),
);
const notes = fc.array(note, { minLength: 2, maxLength: 8 });

async function expectRows(name: string, text: string, values: readonly string[]): Promise<void> {
  const done = await bench.compact([[name, text]], { schema: SCHEMA });
  expect(done.byName).toEqual({ [name]: `${values.length} rows` });
  const rows = await done.rowsOut('id, note');
  expect(rows.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(
    values.map((value, index) => ({ id: BigInt(index), note: value })),
  );
}

test('CSV whose lines end in both ways has the rows that were written, quoted ends of lines as they were', async () => {
  const ends = fc.infiniteStream(fc.constantFrom('\n', '\r\n'));
  await fc.assert(
    fc.asyncProperty(notes, ends, async (values, stream) => {
      const end = () => stream.next().value ?? '\n';
      const quote = (value: string) => `"${value.replaceAll('"', '""')}"`;
      const lines = values.map((value, index) => `${index},${quote(value)}${end()}`);
      await expectRows('mixed.csv', `id,note${end()}${lines.join('')}`, values);
    }),
    { numRuns: 25 },
  );
});

test('objects of JSON over several lines, or behind each other on one, have the rows that were written', async () => {
  const spaces = fc.infiniteStream(
    fc.tuple(fc.constantFrom(undefined, 1, '\t'), fc.constantFrom('', ' ', '\n', '\r\n')),
  );
  await fc.assert(
    fc.asyncProperty(notes, spaces, async (values, stream) => {
      const text = values.map((value, id) => {
        const [indent, space] = stream.next().value ?? [undefined, ''];
        return `${JSON.stringify({ id, note: value }, null, indent)}${space}`;
      });
      await expectRows('joined.json', text.join(''), values);
    }),
    { numRuns: 25 },
  );
});

test('a value that is no text of a quote at its beginning keeps its quote, and the line ends behind it are told from those in quotes', async () => {
  await expectRows('disks.csv', 'id,note\n0,5" disk\r\n1,"a\r\nb"\n2, "c"\n', ['5" disk', 'a\r\nb', 'c']);
});

test('a row at fault of a text that was written anew is told by its line in the text that was given', async () => {
  const text = '{\n "id": 0, "note": "a"\n}\n{\n "id": "x", "note": "b"\n}\n{ "id": 2, "note": "c" }\n';
  const done = await bench.compact([['pretty.json', text]], { schema: SCHEMA, onBadRow: 'row' });
  expect(done.byName).toEqual({ 'pretty.json': '3 rows' });
  expect(done.aside.map(({ line, code }) => [line, code])).toEqual([[4, 'VALUE_INVALID']]);
  expect(done.rows).toEqual({ in: 3, out: 2 });
});

test('what is cut, or has anything but objects, is told as before', async () => {
  const texts = {
    cut: '{"id":0}{"id":1',
    ends: '{"id":0}}',
    other: '{"id":0}{"id":1} x',
    open: '{"id":0,\n{"id":1}\n',
  };
  for (const [name, text] of Object.entries(texts)) {
    const { byName } = await bench.compact([[`${name}.ndjson`, text]], { schema: SCHEMA });
    expect(byName[`${name}.ndjson`]).toMatch(/^OBJECT_(UNREADABLE|TRUNCATED): expected /);
  }
});

test('a text that was rewritten is parted like any other: its bad rows alone are set aside', async () => {
  const sound = '{"price":1.5,"n":1}\n'.repeat(10);
  const text = `${sound}{"price":1.5,"n":2}{"price":1.5,"n":3}\n{"price":01,"n":4}\n`;
  const done = await bench.compact([['a.ndjson', text]], { onBadRow: 'row' });
  expect(done.objects).toMatchObject([{ kind: 'included', rows: 13, quarantined: 1 }]);
  expect(done.aside).toMatchObject([{ line: 12, raw: '{"price":01,"n":4}' }]);
  expect(done.rows).toEqual({ in: 13, out: 12 });
});
