import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { walkCsv } from '../../../src/workers/compact/walkCsv.js';
import { walkJson } from '../../../src/workers/compact/walkJson.js';
import { fc } from '../../support/fc.js';
import { type Bench, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

const csv = (text: string, columns = 2) => walkCsv(Buffer.from(text), { delimiter: ',', columns });
const json = (text: string) => walkJson(Buffer.from(text));

test('rows of CSV and the empty fields of each column are counted, those in quotes apart', async () => {
  const text = 'a,b\r\n1,\r\n,""\r\n"x\n,""",2';
  expect(await csv(text)).toEqual({
    rows: 3,
    endsInLine: false,
    nulls: { none: Float64Array.of(1, 1), empty: Float64Array.of(0, 1) },
  });
});

test('CSV that is not plain is left to the parser', async () => {
  const odd = [
    'a,b\n1\n',
    'a,b\n1,2,3\n',
    'a,b\n1,2\n\n',
    'a,b\r1,2\r',
    'a,b\n"x,1\n',
    'a,b\n1,x"y"\n',
    'a,b\n"x"y,1\n',
  ];
  for (const text of [...odd, 'a,b\n1,\0\n', 'a,b\n1,"\0"\n', 'a,b\n1,2\n3'])
    expect(await csv(text), text).toBeUndefined();
});

test('keys of NDJSON are told with the rows that have no value of them, those of the most frequent list first', async () => {
  const text = '{"c":1}\n{"a":null, "b" : {"x":[1,"}"]}}\n{"a":"\\u00e9\\"","b":-1.5e3 }\r\n{ "a":true}';
  expect(await json(text)).toEqual({
    rows: 4,
    endsInLine: false,
    keys: expect.arrayContaining([
      { name: 'c', nulls: 3 },
      { name: 'a', nulls: 2 },
      { name: 'b', nulls: 2 },
    ]),
  });
  const often = await json('{"c":1}\n{"a":1,"b":2}\n{"a":1,"b":2}\n');
  expect(often?.keys.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

test('NDJSON that is not plain is left to the parser', async () => {
  const rows = ['{}', '[1]', '1', 'null', '', '{"a":1', '{"a":1}}', '{"a":1,}', '{"a":1}{"a":2}', '{"a":1,"a":2}'];
  const odd = [
    '{"\\u0061":1}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '{"a":"\\x"}',
    '{"a":NaN}',
    '{"a":nul}',
    '{"":1}',
  ];
  const more = [
    '{"a":"\t"}',
    '{"a":"x\ny"}',
    '{a:1}',
    "{'a':1}",
    '{"a" 1}',
    '{"a":}',
    '{"a":[1}',
    '{"a":[}]}',
    '\t{"a":1}',
  ];
  for (const row of [...rows, ...odd, ...more]) expect(await json(`{"a":1}\n${row}\n{"a":1}\n`), row).toBeUndefined();
  expect(await walkJson(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d, 0x0a]))).toBeUndefined();
  expect(await json('')).toBeUndefined();
});

test('text that comes in pieces is told as in one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walk-'));
  const long = `"${'x,\n""'.repeat(400_000)}"`;
  const table = `a,b\n${'"1\n2",\n'.repeat(200_000)}${long},""\n${',2\n'.repeat(400_000)}`;
  const lines = `${'{"a":"{\\"}","b":null}\n'.repeat(70_000)}{"a":"${'x'.repeat(3e6)}"}\n{"b":1}`;
  const file = join(folder, 'text');
  try {
    await writeFile(file, table);
    expect(await walkCsv(file, { delimiter: ',', columns: 2 })).toEqual(await csv(table));
    expect(await csv(table)).toMatchObject({ rows: 600_001, nulls: { none: Float64Array.of(400_000, 200_000) } });
    await writeFile(file, lines);
    expect(await walkJson(file)).toEqual(await json(lines));
    expect(await json(lines)).toMatchObject({ rows: 70_002, endsInLine: false });
  } finally {
    await rm(folder, { recursive: true });
  }
});

const piece = fc.constantFrom(
  'a',
  '',
  ' ',
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '"x"',
  '"\n"',
  '"a,b"',
  'é',
  '1',
  ',""',
  '\r',
);
const token = fc.constantFrom(
  '{"a":1',
  ',"b":null',
  '}',
  '}\n',
  '{"b" : "x"',
  ', "a":[1,{"c":"}"}]',
  '"',
  '\\"',
  '\\u00e9',
  ':',
  ' ',
  '\n',
);
const value = fc.constantFrom(
  '1',
  'null',
  '"x"',
  '"null"',
  '""',
  '[1,null]',
  '{"a":null}',
  'true',
  ' -0.5E-3 ',
  '"\\u00e9\\n"',
  '01',
  '1.',
  'nan',
);
const row = fc.dictionary(fc.constantFrom('a', 'b', 'B', 'é'), value).map(
  (fields) =>
    `{${Object.entries(fields)
      .map(([key, of]) => `"${key}":${of}`)
      .join(',')}}\n`,
);

test('what is told of CSV is what the parser of the engine reads', async () => {
  await compare(
    fc.array(piece, { maxLength: 12 }).map((pieces) => `a,b\n${pieces.join('')}`),
    async (text, file) => {
      const walked = await csv(text);
      return walked === undefined
        ? undefined
        : {
            told: [walked.rows, ...Array.from(walked.nulls.none), ...Array.from(walked.nulls.empty)],
            sql: `SELECT count(*), count(*) - count(c0), count(*) - count(c1), count(*) FILTER (c0 = ''), count(*) FILTER (c1 = '')
            FROM read_csv('${file}', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
              allow_quoted_nulls = false, columns = {c0: 'VARCHAR', c1: 'VARCHAR'})`,
          };
    },
  );
});

test('what is told of NDJSON is what the parser of the engine reads', async () => {
  const text = fc.array(fc.oneof(row, row, token), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  await compare(text, async (lines, file) => {
    const walked = await json(lines);
    if (walked === undefined) return undefined;
    const keys = walked.keys.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const [names, objects] = [
      keys.map(({ name }) => `"${name}"`),
      `read_json_objects('${file}', format = 'newline_delimited')`,
    ];
    // Columns do not tell upper from lower case.
    const known = names.filter((name) => name !== '"B"');
    const reader = `read_json('${file}', format = 'newline_delimited', records = true, columns = {${known.map((name) => `${name}: 'VARCHAR'`).join(', ')}})`;
    const nulls = known.map((name) => `(SELECT count(*) - count(${name}) FROM ${known.length === 0 ? '' : reader})`);
    return {
      told: [walked.rows, names.join(''), ...keys.filter(({ name }) => name !== 'B').map(({ nulls }) => nulls)],
      sql: `SELECT (SELECT count(*) FROM ${objects}), (SELECT string_agg(key, '' ORDER BY key) FROM
        (SELECT DISTINCT '"' || unnest(json_keys(json)) || '"' AS key FROM ${objects}))${nulls.map((sql) => `, ${sql}`).join('')}`,
    };
  });
});

type Comparison = { readonly told: readonly (string | number)[]; readonly sql: string };

/** What the engine refuses, it refuses whenever it is read. */
async function compare(
  texts: fc.Arbitrary<string>,
  tell: (text: string, file: string) => Promise<Comparison | undefined>,
): Promise<void> {
  const file = join(bench.scratch, 'walked');
  let equal = 0;
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const comparison = await tell(text, file);
      if (comparison === undefined) return;
      await writeFile(file, text);
      const [row] = await bench.session.query(comparison.sql).catch(() => []);
      if (row === undefined) return;
      expect(
        Object.values(row).map((got) => (typeof got === 'string' && !/^\d+$/.test(got) ? got : Number(got))),
      ).toEqual(comparison.told);
      equal += 1;
    }),
    { numRuns: 500 },
  );
  expect(equal).toBeGreaterThan(20);
}
