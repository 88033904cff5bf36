import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { glanceAt, glanceAtFile, readFooter } from '../../../src/workers/compact/glance.js';
import { readPageHeader } from '../../../src/workers/compact/pageHeader.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-glance-'));
const pathOf = (name: string) => join(folder, `${name}.parquet`);

beforeAll(async () => {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const tables = {
    seven: "SELECT i, 'a' || i AS s, {'x': [i]} AS n FROM range(7) t(i)",
    nine: "SELECT i, 'a' || i AS s, {'x': [i]} AS n FROM range(9) t(i)",
    other: "SELECT i::INTEGER AS i, 'a' || i AS s, {'x': [i]} AS n FROM range(7) t(i)",
    gaps: "SELECT CASE WHEN i % 3 > 0 THEN i END AS third, nullif('a' || i, 'a7') AS \"One é\", NULL::DATE AS none, [nullif(i, 1)] AS l FROM range(5000) t(i)",
    wide: `SELECT ${Array.from({ length: 900 }, (_, at) => `i AS column_${at}`).join(', ')} FROM range(2) t(i)`,
  };
  for (const [name, sql] of Object.entries(tables))
    await connection.run(`COPY (${sql}) TO '${pathOf(name)}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  connection.closeSync();
  database.closeSync();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a glance at a file tells its rows, and files of the same columns have the same print', async () => {
  const [seven, nine, other, wide] = await Promise.all(
    ['seven', 'nine', 'other', 'wide'].map((name) => glanceAtFile(pathOf(name))),
  );
  expect([seven, nine, other, wide].map((glance) => glance?.footer?.rows)).toEqual([7, 9, 7, 2]);
  expect(seven?.footer?.print).toBe(nine?.footer?.print);
  expect(seven?.footer?.print).not.toBe(other?.footer?.print);
});

test('a glance tells the NULLs of each column that is not nested, over all row groups', async () => {
  const { footer } = await glanceAtFile(pathOf('gaps'));
  expect([...(footer?.nulls ?? [])]).toEqual([
    ['third', 1667],
    ['one é', 1],
    ['none', 5000],
  ]);
});

test('a file whose chunks have no statistics tells no NULLs', async () => {
  const file = new URL('../../corpus/hostile/parquet/data/alltypes_plain.parquet', import.meta.url).pathname;
  const { footer } = await glanceAtFile(file);
  expect(footer?.rows).toBe(8);
  expect(footer?.nulls).toBeUndefined();
});

test('a glance at pieces in memory is that at the file, wherever they are cut', async () => {
  for (const name of ['seven', 'wide']) {
    const bytes = readFileSync(pathOf(name));
    const glance = await glanceAtFile(pathOf(name));
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 4 }), (places) => {
        const cuts = [0, ...places.toSorted((a, b) => a - b), bytes.length];
        const chunks = cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end));
        expect(glanceAt(chunks)).toEqual(glance);
      }),
      { numRuns: 20 },
    );
  }
});

test('a file that is cut, short, or no Parquet has no footer', async () => {
  const bytes = readFileSync(pathOf('seven'));
  const footers = [
    bytes.subarray(0, -1),
    bytes.subarray(1),
    bytes.subarray(0, 9),
    Buffer.from('a,b\n1,2\n'),
    Buffer.alloc(0),
  ];
  for (const content of footers) {
    writeFileSync(pathOf('broken'), content);
    const glance = await glanceAtFile(pathOf('broken'));
    expect(glance).toEqual(glanceAt([content]));
    expect(glance.footer).toBeUndefined();
    expect(glance.size).toBe(content.length);
  }
});

test('no bytes make the reading of a footer throw or run on', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readFooter(Buffer.from(bytes))));
});

test('a list that claims more values than there are bytes ends at once', () => {
  // Field 1, a list of 2^48 truths.
  const claim = Buffer.from('19f1ffffffffffff3f', 'hex');
  expect(readPageHeader(claim, 0)).toBeUndefined();
  expect(readFooter(claim)).toBeUndefined();
});
