import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import { takeTally, tallySql } from '../../../src/shared/engine/tally.js';
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

test('the tally adds up the hashes of any rows, under the number of each', async () => {
  const rows = fc.array(fc.record({ number: fc.integer({ min: 0, max: 5 }), hash: fc.bigInt(0n, 2n ** 64n - 1n) }), {
    minLength: 1,
    maxLength: 300,
  });
  let slot = 1_000_000;
  await fc.assert(
    fc.asyncProperty(rows, async (table) => {
      slot += 1;
      const values = table.map(({ number, hash }) => `(${number}, ${hash}::UBIGINT)`).join(', ');
      await bench.session.query(
        `SELECT count(*) FROM (VALUES ${values}) t(n, h), range(1000) WHERE ${tallySql(slot, 'n + range * 0', 'h')}`,
      );
      const { tallies } = await takeTally(bench.session, slot);
      const expected = new Map<number, { rows: number; sum: bigint }>();
      for (const { number, hash } of table) {
        const { rows: before = 0, sum = 0n } = expected.get(number) ?? {};
        expected.set(number, { rows: before + 1000, sum: sum + hash * 1000n });
      }
      expect(tallies).toEqual(expected);
      expect((await takeTally(bench.session, slot)).tallies.size).toBe(0);
    }),
    { numRuns: 15 },
  );
});

test('rows that are all alike are counted one by one', async () => {
  await bench.session.query(`SELECT count(*) FROM range(10000) WHERE ${tallySql(77, '3', '7::UBIGINT')}`);
  expect((await takeTally(bench.session, 77)).tallies).toEqual(new Map([[3, { rows: 10_000, sum: 70_000n }]]));
});
