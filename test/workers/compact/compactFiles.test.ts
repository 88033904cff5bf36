import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, DELAYS, type File, idOf, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

test('mixed formats become one artifact with one schema, each row with its object and its number', async () => {
  const files: readonly File[] = [
    ['a.csv', 'flight,delay\nAA1,5\nAA2,\n'],
    ['b.csv.gz', gzipSync('delay,flight\r\n-3,"B ""6"""\r\n')],
    ['c.ndjson', '{"flight":"C1","delay":7}\n{"delay":null,"flight":"C2"}\n'],
    ['d.jsonl.gz', gzipSync('{"flight":"D1"}')],
    ['e.parquet', await makeParquet(bench, "SELECT 9::BIGINT AS delay, 'E1' AS flight")],
    ['f.tsv', 'flight\tdelay\nF1\t11\n'],
    ['g.json', '[{"flight":"G1","delay":1},\n {"flight":"G2","delay":2}]'],
  ];
  const result = await bench.compact(files, { schema: DELAYS });
  expect(result.columns).toEqual(DELAYS);
  expect(result.schemaChange).toBeUndefined();
  expect(result.rows).toEqual({ in: 10, out: 10 });
  expect(result.artifacts).toHaveLength(1);
  const rows = await result.rowsOut('right(_sluice_object::VARCHAR, 1) AS o, _sluice_row AS r, flight, delay');
  expect(rows.map(({ o, r, flight, delay }) => [o, r, flight, delay])).toEqual([
    ['0', 0n, 'AA1', 5n],
    ['0', 1n, 'AA2', null],
    ['1', 0n, 'B "6"', -3n],
    ['2', 0n, 'C1', 7n],
    ['2', 1n, 'C2', null],
    ['3', 0n, 'D1', null],
    ['4', 0n, 'E1', 9n],
    ['5', 0n, 'F1', 11n],
    ['6', 0n, 'G1', 1n],
    ['6', 1n, 'G2', 2n],
  ]);
});

test('artifacts have the encodings of the Parquet version that is asked for, and the same rows', async () => {
  const select = "SELECT i::BIGINT AS delay, 'AA' || i AS flight FROM range(6000) r(i)";
  const files: readonly File[] = [['a.parquet', await makeParquet(bench, select)]];
  const answer = async (pages: 'v1' | 'v2') => {
    const { artifacts, rowsOut } = await bench.compact(files, { schema: DELAYS, pages });
    const rows = await bench.session.query(
      `SELECT DISTINCT encodings AS e FROM parquet_metadata('${artifacts[0]?.path}') WHERE path_in_schema IN ('delay', 'flight') ORDER BY e`,
    );
    return { encodings: rows.map(({ e }) => e), rows: await rowsOut('sum(delay) AS d, count(DISTINCT flight) AS n') };
  };
  const [first, second] = [await answer('v1'), await answer('v2')];
  expect(first.encodings).toEqual(['PLAIN']);
  expect(second.encodings).toEqual(['DELTA_BINARY_PACKED', 'DELTA_LENGTH_BYTE_ARRAY']);
  expect(second.rows).toEqual(first.rows);
});

test('a file whose number became text is quarantined by column, types and row; the others go on', async () => {
  const result = await bench.compact(
    [
      ['good.csv', 'flight,delay\nA,1\nB,2\n'],
      ['bad.csv', 'flight,delay\nC,3\nD,late\nE,very late\n'],
      ['bad.ndjson', '{"flight":"F","delay":"late"}\n'],
      ['bad.parquet', await makeParquet(bench, "SELECT 'G' AS flight, 'late' AS delay")],
      ['good.ndjson', '{"flight":"H","delay":4}\n'],
    ],
    { schema: DELAYS },
  );
  expect(result.byName).toEqual({
    'good.csv': '2 rows',
    'bad.csv': 'TYPE_CHANGED: column delay: expected BIGINT, got VARCHAR in 2 rows, first in row 2',
    'bad.ndjson': 'TYPE_CHANGED: column delay: expected BIGINT, got VARCHAR in 1 row, first in row 1',
    'bad.parquet': 'TYPE_CHANGED: column delay: expected BIGINT, got VARCHAR',
    'good.ndjson': '1 rows',
  });
  expect(result.rows).toEqual({ in: 3, out: 3 });
});

test('without a schema, the files of the many decide against the file of the one', async () => {
  const files: readonly File[] = [
    ['0.csv', 'flight,delay,at\nA,late,2024-01-01 10:00:00\n'],
    ['1.csv', 'flight,delay,at\nA,1,2024-01-01 10:00:00\n'],
    ['2.csv', 'flight,delay,at\nA,2,2024-01-01 10:00:00\n'],
  ];
  const result = await bench.compact(files);
  expect(result.columns).toEqual([...DELAYS, { name: 'at', type: 'TIMESTAMP' }]);
  expect(result.schemaChange).toBe('first schema');
  expect(result.byName['0.csv']).toBe(
    'TYPE_CHANGED: column delay: expected BIGINT, got VARCHAR in 1 row, first in row 1',
  );
  expect(result.rows).toEqual({ in: 2, out: 2 });
});

test('every artifact carries its stamp in the footer, with whether its files changed the schema', async () => {
  const stampOf = (isChanged: boolean) => JSON.stringify({ batch: "b'1", isChanged });
  const files: readonly File[] = [['a.csv', 'flight,delay\nA1,5\n']];
  const stamps: string[] = [];
  for (const schema of [undefined, DELAYS, DELAYS.slice(0, 1)]) {
    const options = schema === undefined ? { stampOf } : { stampOf, schema };
    const [artifact] = (await bench.compact(files, options)).artifacts;
    const sql = `SELECT decode(value) AS v FROM parquet_kv_metadata('${artifact?.path}') WHERE key::VARCHAR = 'sluice'`;
    const [row] = await bench.session.query(sql);
    stamps.push(String(row?.v));
  }
  expect(stamps).toEqual([stampOf(true), stampOf(false), stampOf(true)]);
});

test('types are guessed so that no value changes: leading zeros and long digits stay text', async () => {
  const header = 'i,f,zip,big,b,d,t,z,none,mixed';
  const result = await bench.compact([
    [
      'a.csv',
      `${header}\n1,1,02134,12345678901234567890,true,2024-02-29,2024-01-01 10:00:00,2024-01-01T10:00:00Z,,1\n`,
    ],
    ['b.csv', `${header}\n-2,1.5,10001,1,FALSE,2024-03-01,2024-01-01,2024-01-01 10:00:00+02,,x\n`],
  ]);
  expect(Object.fromEntries(result.columns.map(({ name, type }) => [name, type]))).toEqual({
    i: 'BIGINT',
    f: 'DOUBLE',
    zip: 'VARCHAR',
    big: 'VARCHAR',
    b: 'BOOLEAN',
    d: 'DATE',
    t: 'TIMESTAMP',
    z: 'TIMESTAMP WITH TIME ZONE',
    none: 'VARCHAR',
    mixed: expect.any(String),
  });
});

test('a cast that would lose something without a word is found', async () => {
  const schema = [
    { name: 'i', type: 'INTEGER' },
    { name: 'd', type: 'DATE' },
    { name: 'm', type: 'DECIMAL(10,2)' },
    { name: 't', type: 'TIMESTAMP' },
  ];
  const good = '1,2024-01-01,1.25,2024-01-01T00:00:00';
  const lines = [
    '1.5,,,',
    ',2024-01-01 12:00:00,,',
    ',,1.255,',
    ',,,2024-01-01T00:00:00+02:00',
    ',,,2024-01-01T00:00:00.1234567',
  ];
  const files = lines.map((line, index): File => [`${index}.csv`, `i,d,m,t\n${good}\n${line}\n`]);
  const fine: File = [
    'fine.csv',
    'i,d,m,t\n1.0,2024-01-01 00:00:00,1e1,2024-01-01 00:00:00.120000Z\n,,,2024-01-01T00:00:00+00:00\n',
  ];
  const result = await bench.compact([...files, fine], { schema, evolution: 'strict' });
  expect(
    Object.values(result.byName).map((answer) =>
      /column (.*): expected .* row (\d)|rows/.exec(answer)?.slice(1).join(),
    ),
  ).toEqual(['i,2', 'd,2', 'm,2', 't,2', 't,2', ',']);
  expect(result.rows).toEqual({ in: 2, out: 2 });
});

test('new and missing columns: NULL where the schema may widen, refused where it may not', async () => {
  const files: readonly File[] = [
    ['same.csv', 'flight,delay\nA,1\n'],
    ['less.csv', 'flight\nB\n'],
    ['more.csv', 'flight,delay,gate\nC,2,G7\n'],
    ['late.ndjson', '{"flight":"D","delay":3}\n{"flight":"E","delay":4,"seats":180}\n'],
  ];
  const widened = await bench.compact(files, { schema: DELAYS });
  expect(widened.columns).toEqual([...DELAYS, { name: 'gate', type: 'VARCHAR' }, { name: 'seats', type: 'BIGINT' }]);
  expect(widened.schemaChange).toBe('"gate" is new (VARCHAR); "seats" is new (BIGINT)');
  expect(await widened.rowsOut()).toEqual([
    { flight: 'A', delay: 1n, gate: null, seats: null },
    { flight: 'B', delay: null, gate: null, seats: null },
    { flight: 'C', delay: 2n, gate: 'G7', seats: null },
    { flight: 'D', delay: 3n, gate: null, seats: null },
    { flight: 'E', delay: 4n, gate: null, seats: 180n },
  ]);
  const strict = await bench.compact(files, { schema: DELAYS, evolution: 'strict' });
  expect(strict.byName).toEqual({
    'same.csv': '1 rows',
    'less.csv': 'COLUMN_MISMATCH: column delay: expected the column, got none',
    'more.csv': 'COLUMN_MISMATCH: column gate: expected no such column, got one of type VARCHAR',
    'late.ndjson': 'COLUMN_MISMATCH: column seats: expected no such column, got one of type VARCHAR',
  });
});

test('a CSV without its header line is refused, not read with its first row as names', async () => {
  const files: readonly File[] = [
    ['bare.csv', 'A,1\nB,2\n'],
    ['years.csv', 'flight,2019,2020\nC,3,4\n'],
    ['good.csv', 'flight,delay\nD,5\n'],
  ];
  const known = await bench.compact(files, { schema: DELAYS });
  const refusal = 'COLUMN_MISMATCH: expected a header line, got a row: none of the columns is named';
  expect(known.byName).toEqual({ 'bare.csv': refusal, 'years.csv': '1 rows', 'good.csv': '1 rows' });
  const first = await bench.compact([['bare.csv', '1,2024-01-01,1.5\n2,2024-01-02,2.5\n']]);
  expect(first.byName).toEqual({ 'bare.csv': refusal });
});

test('a file that has none of the columns of the dataset is refused, and adds none to it', async () => {
  const files: readonly File[] = [
    ['good.csv', 'flight,delay\nA,1\n'],
    ['collapsed.csv', 'flight^delay\nB^2\n'],
    ['error.ndjson', '{"error":"rate limited"}\n'],
    ['less.ndjson', '{"delay":3}\n'],
  ];
  const reason =
    "COLUMN_MISMATCH: column NAME: expected no such column, got one of type VARCHAR; the object has none of the dataset's columns";
  const result = await bench.compact(files, { schema: DELAYS });
  expect(result.byName).toEqual({
    'good.csv': '1 rows',
    'collapsed.csv': reason.replace('NAME', 'flight^delay'),
    'error.ndjson': reason.replace('NAME', 'error'),
    'less.ndjson': '1 rows',
  });
  expect(result.columns).toEqual(DELAYS);
});

test('columns that only refused files have do not enter the schema', async () => {
  const files: readonly File[] = [
    ['notes.txt', 'Read this first\nThen, and only then, that\n'],
    ['good.csv', 'flight,delay\nA,1\n'],
  ];
  const first = await bench.compact(files);
  expect(first.columns).toEqual(DELAYS);
  const later = await bench.compact(files, { schema: DELAYS });
  expect(later.columns).toEqual(DELAYS);
  expect(later.schemaChange).toBeUndefined();
});

test('types widen where nothing is lost, and only where the schema may', async () => {
  const schema = [
    { name: 'i', type: 'INTEGER' },
    { name: 'd', type: 'DATE' },
  ];
  const files: readonly File[] = [
    ['small.csv', 'i,d\n1,2024-01-01\n'],
    ['big.csv', 'i,d\n3000000000,2024-01-01 12:00:00\n'],
  ];
  const widened = await bench.compact(files, { schema });
  expect(widened.columns.map(({ type }) => type)).toEqual(['BIGINT', 'TIMESTAMP']);
  expect(widened.schemaChange).toBe('"i" widened from INTEGER to BIGINT; "d" widened from DATE to TIMESTAMP');
  expect(widened.rows.out).toBe(2);
  const strict = await bench.compact(files, { schema, evolution: 'strict' });
  expect(strict.byName['big.csv']).toBe(
    'TYPE_CHANGED: column i: expected INTEGER, got BIGINT in 1 row, first in row 1',
  );
});

test('quoted newlines, blank lines and lone returns are counted by the parser', async () => {
  const result = await bench.compact(
    [
      ['quoted.csv', 'flight,delay\n"A\nB\n",1\n"C",2\n'],
      ['blank.csv', 'flight,delay\n\nA,1\n\n\nB,2\n\n'],
      ['returns.csv', 'flight,delay\rA,1\rB,2\r'],
      ['header.csv', 'flight,delay\n'],
      ['bare.csv', 'flight,delay'],
      ['blank.ndjson', '{"flight":"A"}\n\n{"flight":"B"}\n\n'],
    ],
    { schema: DELAYS },
  );
  expect(Object.values(result.byName)).toEqual(['2 rows', '2 rows', '2 rows', '0 rows', '0 rows', '2 rows']);
  expect(result.rows).toEqual({ in: 8, out: 8 });
});

test('an empty field is NULL, a quoted empty text is empty text', async () => {
  const result = await bench.compact([['a.csv', 'flight,delay\n"",1\n,""\n']], { schema: DELAYS });
  expect(await result.rowsOut('flight, delay')).toEqual([
    { flight: '', delay: 1n },
    { flight: null, delay: null },
  ]);
});

test('nothing but bad files makes no artifact; nothing at all neither', async () => {
  const result = await bench.compact([['empty.csv', '']], { schema: DELAYS });
  expect(result).toMatchObject({ columns: DELAYS, artifacts: [], rows: { in: 0, out: 0 } });
  expect(await bench.compact([])).toMatchObject({ columns: [], artifacts: [], objects: [] });
});

test('rows without any key are rows where the dataset has columns, and refused where it has none', async () => {
  const files: readonly File[] = [
    ['empty.json', '[]'],
    ['bare.ndjson', '{}\n{}\n'],
  ];
  expect((await bench.compact(files, { schema: DELAYS })).byName).toEqual({
    'empty.json': '0 rows',
    'bare.ndjson': '2 rows',
  });
  expect((await bench.compact(files)).byName).toEqual({
    'empty.json': '0 rows',
    'bare.ndjson': 'COLUMN_MISMATCH: expected at least one column, got none',
  });
});

test('artifacts are sorted, cut at the target size, and carry no provenance where none is asked for', async () => {
  const table = await makeParquet(bench, 'SELECT hash(range) AS a, range % 7 AS b FROM range(200000)');
  const result = await bench.compact([['t.parquet', table]], {
    sort: ['b', 'a'],
    targetBytes: 400_000,
    provenance: false,
  });
  expect(result.artifacts.length).toBeGreaterThan(2);
  expect(result.artifacts.reduce((sum, { rows }) => sum + rows, 0)).toBe(200_000);
  let last = -1n;
  for (const { path } of result.artifacts) {
    const [row] = await bench.session.query(
      `SELECT min(b) AS low, max(b) AS high, bool_and(b >= before) AS sorted FROM (SELECT b, lag(b, 1, b) OVER () AS before FROM read_parquet('${path}'))`,
    );
    expect(row?.sorted).toBe(true);
    expect(BigInt(Number(row?.low))).toBeGreaterThanOrEqual(last);
    last = BigInt(Number(row?.high));
  }
  await expect(bench.compact([['t.parquet', table]], { sort: ['nowhere'] })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
});

test('columns of few values have a dictionary and a bloom filter in each row group', async () => {
  const rows = Array.from({ length: 6000 }, (_, index) => `${index},city ${index % 3000},${index % 7}\n`);
  const { artifacts } = await bench.compact([['cities.csv', `id,city,day\n${rows.join('')}`]]);
  const file = `'${artifacts[0]?.path}'`;
  const columns = await bench.session.query(
    `SELECT path_in_schema AS name, bloom_filter_offset IS NOT NULL AS has FROM parquet_metadata(${file}) ORDER BY ALL`,
  );
  expect(columns.map(({ name, has }) => [name, has])).toEqual([
    ['_sluice_object', true],
    ['_sluice_row', false],
    ['city', true],
    ['day', true],
    ['id', false],
  ]);
  const probe = async (value: number) => {
    const [row] = await bench.session.query(
      `SELECT bool_and(bloom_filter_excludes) AS out FROM parquet_bloom_probe(${file}, 'day', ${value})`,
    );
    return row?.out;
  };
  expect([await probe(5), await probe(9)]).toEqual([false, true]);
});

test('many files of one batch keep their own row numbers', async () => {
  const files = Array.from({ length: 60 }, (_, index): File => {
    const rows = Array.from({ length: index * 7 }, (_row, at) => `F${index},${at}`);
    return [`${index}.csv`, ['flight,delay', ...rows].join('\n')];
  });
  const result = await bench.compact(files, { schema: DELAYS });
  const paths = result.artifacts.map(({ path }) => path);
  const [row] = await bench.session.query(
    `SELECT count(*) AS n, count(*) FILTER (_sluice_row = delay AND flight = 'F' || right(_sluice_object::VARCHAR, 2)::INTEGER) AS right
     FROM read_parquet('${paths[0]}')`,
  );
  expect(row).toEqual({ n: BigInt(7 * 30 * 59), right: BigInt(7 * 30 * 59) });
  expect(result.objects[3]).toEqual({ object: idOf(3), kind: 'included', rows: 21 });
});

test('names that the readers give to their own columns are only names', async () => {
  const schema = [
    { name: 'file_index', type: 'BIGINT' },
    { name: 'filename', type: 'VARCHAR' },
    { name: 'file_row_number', type: 'BIGINT' },
  ];
  const result = await bench.compact(
    [
      [
        'a.parquet',
        await makeParquet(bench, "SELECT 7::BIGINT AS file_index, 'p' AS filename, 9::BIGINT AS file_row_number"),
      ],
      [
        'b.ndjson',
        '{"file_index":8,"filename":"n","file_row_number":5}\n{"file_index":8,"filename":"m","file_row_number":5}\n',
      ],
      ['c.csv', 'filename,file_index,file_row_number\nc,6,4\n'],
    ],
    { schema },
  );
  expect(await result.rowsOut('*')).toMatchObject([
    { file_index: 6n, filename: 'c', file_row_number: 4n, _sluice_row: 0n },
    { file_index: 7n, filename: 'p', file_row_number: 9n, _sluice_row: 0n },
    { file_index: 8n, filename: 'm', file_row_number: 5n, _sluice_row: 1n },
    { file_index: 8n, filename: 'n', file_row_number: 5n, _sluice_row: 0n },
  ]);
});

test('a folder in the path that looks like a partition adds no column', async () => {
  const table = await makeParquet(bench, 'SELECT 1::BIGINT AS delay');
  const result = await bench.compact([['year=2024/t*[1].parquet', table]], { schema: DELAYS });
  expect(result.columns).toEqual(DELAYS);
  expect(result.rows.out).toBe(1);
});

test('an abort ends the work with its reason', async () => {
  await expect(
    bench.compact([['a.csv', 'a\n1\n']], { signal: AbortSignal.abort(new Error('enough')) }),
  ).rejects.toThrow('enough');
});
