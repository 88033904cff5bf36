import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import avro from 'avsc';
import { parquetReadObjects } from 'hyparquet';
import parquet from 'parquetjs-lite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, type File, makeParquet, openBench } from './support.js';
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
  id: fc.option(fc.oneof({ weight: 20, arbitrary: fc.integer() }, { weight: 1, arbitrary: fc.maxSafeInteger() })),
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
const FORMATS = ['csv', 'tsv', 'ndjson', 'json', 'parquet', 'engine parquet', 'avro'] as const;
/** How the bytes of text are written; latin-1 is not declared for a file alone, so that it has a batch of its own. */
const ENCODINGS = ['utf8', 'utf8 with mark', 'utf16le', 'utf16be'] as const;
const part = fc.record({
  rows: fc.array(row, { maxLength: 30 }),
  format: fc.constantFrom(...FORMATS),
  order: fc.shuffledSubarray([...NAMES], { minLength: NAMES.length }),
  writer: fc.constantFrom(...WRITERS),
  packing: fc.constantFrom('plain', 'gzip', 'zstd'),
  encoding: fc.constantFrom(...ENCODINGS),
  codec: fc.constantFrom('null', 'deflate'),
});
type Given = typeof part extends fc.Arbitrary<infer P> ? P : never;
const LATIN = 'latin1';
type Part = Omit<Given, 'encoding'> & { readonly encoding: Given['encoding'] | typeof LATIN };

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

const AVRO: avro.Schema = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'id', type: ['null', 'long'] },
    { name: 'amount', type: ['null', 'double'] },
    { name: 'note', type: ['null', 'string'] },
    { name: 'done', type: ['null', 'boolean'] },
    { name: 'day', type: ['null', { type: 'int', logicalType: 'date' }] },
    { name: 'at', type: ['null', { type: 'long', logicalType: 'local-timestamp-millis' }] },
  ],
};

async function container({ rows, codec }: Part): Promise<Buffer> {
  const encoder = new avro.streams.BlockEncoder(AVRO, { codec, blockSize: 400 });
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise((resolve) => encoder.on('end', resolve));
  for (const { day, at, ...row } of rows)
    encoder.write({ ...row, day: day && day.getTime() / 86_400_000, at: at && at.getTime() });
  encoder.end();
  await done;
  return Buffer.concat(chunks);
}

async function engineTable({ rows }: Part): Promise<Buffer> {
  const literal = (value: Row[keyof Row]) => {
    const text = value instanceof Date ? value.toISOString().replace('Z', '') : String(value);
    return value === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`;
  };
  const types = SCHEMA.map(({ name, type }) => `CAST("${name}" AS ${type}) AS "${name}"`).join(', ');
  const values = rows.map((row) => `(${NAMES.map((name) => literal(row[name])).join(', ')})`);
  const none = `(${NAMES.map(() => 'NULL').join(', ')})`;
  const from = `(VALUES ${[none, ...values].join(', ')}) t(${NAMES.map((name) => `"${name}"`).join(', ')})`;
  return makeParquet(bench, `SELECT ${types} FROM (SELECT *, row_number() OVER () AS n FROM ${from}) WHERE n > 1`);
}

/** The bytes of a text. */
function encode(text: string, encoding: Given['encoding']): Buffer {
  if (encoding === 'utf8') return Buffer.from(text);
  if (encoding === 'utf8 with mark') return Buffer.from(`\ufeff${text}`);
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return encoding === 'utf16le' ? bytes : bytes.swap16();
}

/** A frame of zstd whose blocks are stored as they are, with the length in its header (RFC 8878). */
function zstd(bytes: Buffer): Buffer {
  const size = 1 << 16;
  const header = Buffer.alloc(13);
  header.writeUInt32LE(0xfd2fb528, 0);
  header.writeUInt8(0b1110_0000, 4);
  header.writeBigUInt64LE(BigInt(bytes.length), 5);
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += size) {
    const block = bytes.subarray(at, at + size);
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (at + size >= bytes.length ? 1 : 0), 0, 3);
    blocks.push(head, block);
  }
  return Buffer.concat([header, ...blocks]);
}

const PACKERS = { plain: (bytes: Buffer) => bytes, gzip: gzipSync, zstd };
const ENDINGS = { plain: '', gzip: '.gz', zstd: '.zst' };

async function fileOf(given: Part, index: number): Promise<File> {
  const { rows, order, packing, encoding } = given;
  // The encoder writes nothing at all where there are no rows, and other numbers than it is given beyond 2^52.
  const isWritable = rows.length > 0 && rows.every(({ id }) => Math.abs(id ?? 0) < 2 ** 52);
  const format = given.format === 'avro' && !isWritable ? 'csv' : given.format;
  const lines = rows.map((values) =>
    JSON.stringify(Object.fromEntries(order.map((name) => [name, written(values, name, given)]))),
  );
  if (format === 'parquet') return [`${index}.parquet`, await table(given)];
  if (format === 'engine parquet') return [`${index}.parquet`, await engineTable(given)];
  if (format === 'avro') return [`${index}.avro${ENDINGS[packing]}`, PACKERS[packing](await container(given))];
  const content = {
    csv: () => delimited(given, ',', '\n'),
    tsv: () => delimited(given, '\t', '\r\n'),
    ndjson: () => (lines.length === 0 ? '\n' : `${lines.join('\n')}\n`),
    json: () => `[${lines.join(',\n')}]`,
  };
  const bytes = encoding === LATIN ? Buffer.from(content[format](), 'latin1') : encode(content[format](), encoding);
  return [`${index}.${format}${ENDINGS[packing]}`, PACKERS[packing](bytes)];
}

const multiset = (rows: readonly Row[]) =>
  rows.map((values) => JSON.stringify(NAMES.map((name) => values[name]))).sort();

async function comesBack(parts: readonly Part[], options: Parameters<Bench['compact']>[1] = {}): Promise<void> {
  const files = await Promise.all(parts.map(fileOf));
  const result = await bench.compact(files, { schema: SCHEMA, compression: 'snappy', ...options });
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
}

const FRESH = randomInt(2 ** 31 - 1);

test.each([
  ['', 20_260_101, 50],
  [' afresh', FRESH, 30],
])('a table cut into files of any formats comes back as the same rows%s (seed %i)', async (_, seed, numRuns) => {
  const parts = fc.array(part, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(parts, fc.constantFrom('content', 'rows'), (some, verify) => comesBack(some, { verify })),
    {
      seed,
      numRuns,
    },
  );
});

test(`so it does from text that is declared as latin-1 (seed ${FRESH})`, async () => {
  const latin = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
  // The first bytes of such a text may be a mark that says otherwise.
  const rows = fc.array(
    fc.tuple(row, fc.option(latin)).map(([values, note]) => ({ ...values, note })),
    { maxLength: 20 },
  );
  const own = fc
    .tuple(part, rows, fc.constantFrom('csv', 'tsv', 'ndjson', 'json'))
    .map(([given, some, format]): Part => ({ ...given, rows: some, format, encoding: LATIN }));
  await fc.assert(
    fc.asyncProperty(fc.array(own, { minLength: 1, maxLength: 4 }), (parts) =>
      comesBack(parts, { encoding: 'latin-1' }),
    ),
    { seed: FRESH, numRuns: 15 },
  );
});
