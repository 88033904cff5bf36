import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import { TYPE_CASES } from '../../support/typeCases.js';
import { type Bench, DELAYS, type File, makeParquet, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

const FILES: readonly File[] = [
  ['a.csv', 'flight,delay\nA,1\nB,2\nC,\n'],
  ['b.ndjson', '{"flight":"D","delay":4}\n{"flight":"E","delay":5}\n'],
];

/** A session whose COPY writes other rows than it was given. */
function withFaultyWriter(rows: (select: string) => string): EngineSession {
  const bend = (sql: string) =>
    sql.replace(/^COPY \((.*)\) TO '/s, (_, select: string) => `COPY (${rows(select)}) TO '`);
  return { ...bench.session, query: (sql, signal) => bench.session.query(bend(sql), signal) };
}

test('the content that was read is the content of the artifacts, whatever the order of files and rows', async () => {
  const parquet: File = ['c.parquet', await makeParquet(bench, "SELECT 'F' AS flight, 6::BIGINT AS delay")];
  const { content } = await bench.compact([...FILES, parquet], { schema: DELAYS });
  expect(content).toEqual({ hash: expect.stringMatching(/^[0-9a-f]+$/), engine: expect.stringMatching(/^v\d/) });
  const again = await bench.compact([parquet, ['a.csv', 'delay,flight\n,C\n2,B\n1,A\n'], FILES[1]!], {
    schema: DELAYS,
    sort: ['flight'],
  });
  expect(again.content).toEqual(content);
  const other = await bench.compact([...FILES, ['c.csv', 'flight,delay\nF,7\n']], { schema: DELAYS });
  expect(other.content).not.toEqual(content);
});

test('one value that changes on its way to the artifact, or on the disk, blocks the batch', async () => {
  const changed = 'SELECT * REPLACE (CASE delay WHEN 5 THEN 6 ELSE delay END AS delay) FROM';
  for (const provenance of [true, false]) {
    const session = withFaultyWriter((select) => `${changed} (${select})`);
    await expect(bench.compact(FILES, { schema: DELAYS, session, provenance })).rejects.toMatchObject({
      code: 'CONTENT_MISMATCH',
      facts: { rowsRead: 5, rowsWritten: 5 },
    });
    const unwatched = await bench.compact(FILES, { schema: DELAYS, session, provenance, verify: 'rows' });
    expect(unwatched.rows).toEqual({ in: 5, out: 5 });
    expect(unwatched.content).toBeUndefined();
  }
});

test('rows that change places between two objects are found, and so is a NULL that became empty', async () => {
  const swap = "SELECT * REPLACE (CASE flight WHEN 'A' THEN 'D' WHEN 'D' THEN 'A' ELSE flight END AS flight) FROM";
  const empty = 'SELECT * REPLACE (coalesce(delay, 0) AS delay) FROM';
  for (const bent of [swap, empty]) {
    const session = withFaultyWriter((select) => `${bent} (${select})`);
    await expect(bench.compact(FILES, { schema: DELAYS, session })).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  }
});

test('a row that is lost and one that comes twice in its place are found', async () => {
  const session = withFaultyWriter(
    (select) => `SELECT * FROM (${select}) WHERE flight <> 'B' UNION ALL SELECT * FROM (${select}) WHERE flight = 'A'`,
  );
  await expect(bench.compact(FILES, { schema: DELAYS, session })).rejects.toMatchObject({ code: /MISMATCH/ });
});

test('values of every type that Parquet keeps have the same hash when they are read back', async () => {
  const lost = /^(U?HUGEINT|BIT|TIME WITH TIME ZONE|INTERVAL|INTEGER\[2\])/;
  const kept = TYPE_CASES.filter(({ type }) => !lost.test(type));
  for (const { type, values } of kept) {
    const rows = ['NULL', ...values.map(([expression]) => expression)].map(
      (value) => `SELECT (${value})::${type} AS v`,
    );
    const { byName, content } = await bench.compact([
      ['t.parquet', await makeParquet(bench, rows.join(' UNION ALL '))],
    ]);
    expect(byName, type).toEqual({ 't.parquet': `${rows.length} rows` });
    expect(content, type).toBeDefined();
  }
});

test('verify: rows counts the NULLs of each column, and blocks a batch whose artifacts have others', async () => {
  const schema = [...DELAYS, { name: 'day', type: 'DATE' }, { name: 'more', type: 'VARCHAR' }];
  const parquet = async (name: string, sql: string): Promise<File> => [name, await makeParquet(bench, sql)];
  const tables = [
    await parquet('c.parquet', "SELECT 'F' AS flight, unnest([6, NULL, 7])::BIGINT AS delay, 1 AS sluice"),
    await parquet('y=1/d.parquet', "SELECT NULL::BIGINT AS delay, DATE '2024-01-02' AS DAY, [1, NULL] AS list"),
  ];
  const empty: File = ['e.csv', 'flight,delay\n"",1\n,2\n'];
  for (const files of [tables, [...FILES, empty], [...FILES, empty, ...tables]]) {
    const sound = await bench.compact(files, { schema, verify: 'rows', hive: true });
    expect(Object.values(sound.byName).filter((verdict) => !verdict.endsWith(' rows'))).toEqual([]);
    const bends = { delay: 'coalesce(delay, 0)', flight: "nullif(flight, 'F')", more: "'x'" };
    for (const [column, bend] of Object.entries(bends)) {
      if (column === 'flight' && !files.includes(tables[0]!)) continue;
      const session = withFaultyWriter((select) => `SELECT * REPLACE (${bend} AS ${column}) FROM (${select})`);
      const broken = bench.compact(files, { schema, session, verify: 'rows', hive: true });
      await expect(broken).rejects.toMatchObject({ code: 'COUNT_MISMATCH', facts: { column } });
    }
  }
});

test('with verify: rows plain text is read once: its bytes tell rows, keys and NULLs', async () => {
  const files: readonly File[] = [
    ...FILES,
    ['e.csv', 'flight,delay\n"",1\n,2\n'],
    ['f.ndjson', '{"flight":"F"}\n{"delay":1}\n'],
  ];
  const reads: string[] = [];
  const query: EngineSession['query'] = (sql, signal) => {
    if (/read_(csv|json)/.test(sql)) reads.push(sql);
    return bench.session.query(sql, signal);
  };
  const { rows } = await bench.compact(files, { schema: DELAYS, verify: 'rows', session: { ...bench.session, query } });
  expect(rows.in).toBe(rows.out);
  expect(reads.filter((sql) => !sql.startsWith('COPY'))).toEqual([]);
  expect(reads).toHaveLength(1);
});
