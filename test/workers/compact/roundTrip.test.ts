import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import parquet from 'parquetjs-lite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, type File, openBench } from './support.js';
import { fc } from '../../support/fc.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

interface Row {
  readonly id: number | null;
  readonly amount: number | null;
  readonly note: string | null;
  readonly done: boolean | null;
  /** A day, midnight UTC. */
  readonly day: Date | null;
  /** To the millisecond. */
  readonly at: Date | null;
}
const SCHEMA = [
  { name: 'id', type: 'BIGINT' },
  { name: 'amount', type: 'DOUBLE' },
  { name: 'note', type: 'VARCHAR' },
  { name: 'done', type: 'BOOLEAN' },
  { name: 'day', type: 'DATE' },
  { name: 'at', type: 'TIMESTAMP' },
];
const NAMES = ['id', 'amount', 'note', 'done', 'day', 'at'] as const;

const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ' ', '"', '""', ',', '\n', '\r\n', "it's", 'null', '007', '\\N', 'é😀', '#'),
  )
  .filter((value) => !value.includes('\0'));
const row: fc.Arbitrary<Row> = fc.record({
  id: fc.option(fc.maxSafeInteger()),
  amount: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
  note: fc.option(text),
  done: fc.option(fc.boolean()),
  day: fc.option(fc.integer({ min: -30_000, max: 50_000 }).map((days) => new Date(days * 86_400_000))),
  at: fc.option(fc.integer({ min: -2e12, max: 4e12 }).map((ms) => new Date(ms))),
});
/** A moment as many writers write it. */
const WRITERS: readonly ((iso: string) => string)[] = [
  (iso) => iso,
  (iso) => iso.replace('T', ' ').replace('Z', ''),
  (iso) => iso.replace('T', ' ').replace(/\.?0*Z$/, ''),
  (iso) => iso.replace('Z', '000+00:00'),
  (iso) => iso.replace('Z', '000000'),
];
const FORMATS = ['csv', 'tsv', 'ndjson', 'json', 'parquet'] as const;
const part = fc.record({
  rows: fc.array(row, { maxLength: 30 }),
  format: fc.constantFrom(...FORMATS),
  order: fc.shuffledSubarray([...NAMES], { minLength: NAMES.length }),
  writer: fc.constantFrom(...WRITERS),
  gzip: fc.boolean(),
});
type Part = typeof part extends fc.Arbitrary<infer P> ? P : never;

function written(values: Row, name: keyof Row, { writer }: Part): string | number | boolean | null {
  const value = values[name];
  if (!(value instanceof Date)) return value;
  return name === 'day' ? value.toISOString().slice(0, 10) : writer(value.toISOString());
}

function delimited(given: Part, separator: string, newline: string): string {
  const { rows, order } = given;
  const field = (value: string | number | boolean | null) => {
    if (value === null) return '';
    if (typeof value !== 'string') return String(value);
    return /[",\t\r\n]|^$|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return [order, ...rows.map((values) => order.map((name) => field(written(values, name, given))))]
    .map((fields) => `${fields.join(separator)}${newline}`)
    .join('');
}

async function table({ rows }: Part): Promise<Buffer> {
  const schema = new parquet.ParquetSchema({
    id: { type: 'INT64', optional: true },
    amount: { type: 'DOUBLE', optional: true },
    note: { type: 'UTF8', optional: true },
    done: { type: 'BOOLEAN', optional: true },
    day: { type: 'DATE', optional: true },
    at: { type: 'TIMESTAMP_MICROS', optional: true },
  });
  const path = join(bench.scratch, `written-${Math.random()}.parquet`);
  const writer = await parquet.ParquetWriter.openFile(schema, path);
  for (const values of rows)
    await writer.appendRow(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)));
  await writer.close();
  return readFile(path);
}

async function fileOf(given: Part, index: number): Promise<File> {
  const { rows, format, order, gzip } = given;
  const lines = rows.map((values) =>
    JSON.stringify(Object.fromEntries(order.map((name) => [name, written(values, name, given)]))),
  );
  const content = {
    csv: () => delimited(given, ',', '\n'),
    tsv: () => delimited(given, '\t', '\r\n'),
    ndjson: () => (lines.length === 0 ? '\n' : `${lines.join('\n')}\n`),
    json: () => `[${lines.join(',\n')}]`,
    parquet: () => table(given),
  };
  const bytes = await content[format]();
  return gzip && format !== 'parquet' ? [`${index}.${format}.gz`, gzipSync(bytes)] : [`${index}.${format}`, bytes];
}

const multiset = (rows: readonly Row[]) =>
  rows.map((values) => JSON.stringify(NAMES.map((name) => values[name]))).sort();

test('a table cut into files of any formats comes back as the same rows, each from its object', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
      const files = await Promise.all(parts.map(fileOf));
      const result = await bench.compact(files, { schema: SCHEMA, compression: 'snappy' });
      expect(Object.values(result.byName)).toEqual(parts.map(({ rows }) => `${rows.length} rows`));
      const back: Row[] = [];
      for (const { path } of result.artifacts) {
        const bytes = await readFile(path);
        const rows = await parquetReadObjects({
          file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
        });
        for (const { id, amount, note, done, day, at } of rows)
          back.push({ id: id === null ? null : Number(id), amount, note, done, day, at });
      }
      expect(multiset(back)).toEqual(multiset(parts.flatMap(({ rows }) => rows)));
    }),
    { numRuns: 60 },
  );
});
