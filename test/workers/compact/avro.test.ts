import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import avro from 'avsc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackSnappy } from '../../../src/workers/compact/avro/snappy.js';
import { type Bench, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
});

/** Avro as its own library writes it. Blocks of a few rows. */
async function writeAvro(fields: object[], rows: readonly object[], codec = 'deflate'): Promise<Buffer> {
  const schema = { type: 'record', name: 'Row', namespace: 'a.b', fields };
  return encode(schema as never, rows, codec);
}

async function encode(schema: avro.Schema, rows: readonly object[], codec: string): Promise<Buffer> {
  const encoder = new avro.streams.BlockEncoder(schema, { codec, blockSize: 64 } as never);
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve, reject) => {
    encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
    encoder.on('end', () => resolve(Buffer.concat(chunks)));
    encoder.on('error', reject);
  });
  for (const row of rows) encoder.write(row);
  encoder.end();
  return done;
}

const optional = (type: unknown) => ({ type: ['null', type], default: null });

test('each type of Avro comes out as the type of the engine that holds it whole', async () => {
  const fixed = (name: string, size: number, logical = {}) => ({ type: 'fixed', name, size, ...logical });
  const cases: readonly (readonly [type: unknown, value: unknown, becomes: string, text: string])[] = [
    ['boolean', true, 'BOOLEAN', 'true'],
    ['int', -5, 'INTEGER', '-5'],
    ['long', -2251799813685249, 'BIGINT', '-2251799813685249'],
    ['float', 0.10000000149011612, 'FLOAT', '0.1'],
    ['double', 0.1, 'DOUBLE', '0.1'],
    ['double', NaN, 'DOUBLE', 'nan'],
    ['double', -Infinity, 'DOUBLE', '-inf'],
    ['string', 'a "b"\n😀', 'VARCHAR', 'a "b"\n😀'],
    ['bytes', Buffer.from([0, 92, 255]), 'BLOB', String.raw`\x00\x5C\xFF`],
    [fixed('F', 2), Buffer.from([1, 2]), 'BLOB', String.raw`\x01\x02`],
    [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', 'VARCHAR', 'B'],
    [
      { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 },
      Buffer.from([0xff, 0x85]),
      'DECIMAL(10,2)',
      '-1.23',
    ],
    [
      fixed('D', 16, { logicalType: 'decimal', precision: 38, scale: 0 }),
      Buffer.alloc(16, 1),
      'DECIMAL(38,0)',
      '1334440654591915542993625911497130241',
    ],
    [{ type: 'int', logicalType: 'date' }, -1, 'DATE', '1969-12-31'],
    [{ type: 'int', logicalType: 'time-millis' }, 3_723_004, 'TIME', '01:02:03.004'],
    [{ type: 'long', logicalType: 'time-micros' }, 3_723_000_004, 'TIME', '01:02:03.000004'],
    [
      { type: 'long', logicalType: 'timestamp-millis' },
      1_700_000_000_123,
      'TIMESTAMP WITH TIME ZONE',
      '2023-11-14 22:13:20.123+00',
    ],
    [
      { type: 'long', logicalType: 'timestamp-micros' },
      -1,
      'TIMESTAMP WITH TIME ZONE',
      '1969-12-31 23:59:59.999999+00',
    ],
    [{ type: 'long', logicalType: 'local-timestamp-micros' }, 1, 'TIMESTAMP', '1970-01-01 00:00:00.000001'],
    [{ type: 'long', logicalType: 'timestamp-nanos' }, 1_001, 'TIMESTAMP_NS', '1970-01-01 00:00:00.000001001'],
    [
      { type: 'string', logicalType: 'uuid' },
      '6f1c2d34-0000-4000-8000-000000000001',
      'UUID',
      '6f1c2d34-0000-4000-8000-000000000001',
    ],
    [
      fixed('U', 12, { logicalType: 'duration' }),
      Buffer.from('010000000200000003000000', 'hex'),
      'INTERVAL',
      '1 month 2 days 00:00:00.003',
    ],
    [{ type: 'string', logicalType: 'unheard-of' }, 'x', 'VARCHAR', 'x'],
    [{ type: 'array', items: 'int' }, [1, 2], 'INTEGER[]', '[1, 2]'],
    [{ type: 'map', values: 'long' }, { k: 7 }, 'MAP(VARCHAR, BIGINT)', '{k=7}'],
    [['null', 'int', 'string'], 'x', 'JSON', '{"string":"x"}'],
  ];
  const fields = cases.map(([type], index) => ({ name: `f${index}`, type }));
  const row = Object.fromEntries(cases.map(([, value], index) => [`f${index}`, value]));
  const done = await bench.compact([['a.avro', await writeAvro(fields, [row])]]);
  expect(done.byName).toEqual({ 'a.avro': '1 rows' });
  expect(done.columns.map(({ type }) => type)).toEqual(cases.map(([, , becomes]) => becomes));
  const [out] = await done.rowsOut(cases.map((_, index) => `f${index}::VARCHAR AS f${index}`).join(', '));
  expect(Object.values(out ?? {})).toEqual(cases.map(([, , , text]) => text));
});

test('whole numbers beyond 2^53 come out whole', async () => {
  const long = avro.types.LongType.__with({
    toBuffer: (value: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(value);
      return bytes;
    },
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: () => 0,
  });
  const schema = { type: 'record', name: 'Row', fields: [{ name: 'id', type: 'long' }] };
  const type = avro.parse(schema as never, { registry: { long } });
  const rows = [{ id: 9223372036854775807n }, { id: -9223372036854775808n }];
  const done = await bench.compact([['a.avro', await encode(type, rows, 'null')]]);
  expect(await done.rowsOut()).toEqual(rows.toReversed());
});

test('nested records and unions with null come out whole, over many blocks', async () => {
  const address = {
    type: 'record',
    name: 'Address',
    fields: [
      { name: 'city', type: 'string' },
      { name: 'tags', type: { type: 'array', items: ['null', 'string'] } },
    ],
  };
  const fields = [
    { name: 'id', type: 'long' },
    { name: 'home', ...optional(address) },
    { name: 'work', ...optional('Address') },
  ];
  const rows = Array.from({ length: 100 }, (_, id) => ({
    id,
    home: id % 2 === 0 ? null : { city: `c${id}`, tags: ['x', null] },
    work: null,
  }));
  for (const codec of ['null', 'deflate']) {
    const done = await bench.compact([['a.avro', await writeAvro(fields, rows, codec)]]);
    expect(done.byName).toEqual({ 'a.avro': '100 rows' });
    const out = await done.rowsOut('id, home.city AS city, home.tags AS tags, work IS NULL AS none');
    expect(out[3]).toEqual({ id: 3n, city: 'c3', tags: ['x', null], none: true });
    expect(out[4]).toEqual({ id: 4n, city: null, tags: null, none: true });
  }
});

test('Avro and CSV of one dataset become one artifact, and its types are held against the schema', async () => {
  const file = await writeAvro([{ name: 'id', type: 'string' }], [{ id: 'x' }]);
  const schema = [{ name: 'id', type: 'BIGINT' }];
  const done = await bench.compact(
    [
      ['a.avro', await writeAvro([{ name: 'id', type: 'int' }], [{ id: 1 }])],
      ['b.csv', 'id\n2\n'],
      ['c.avro', file],
    ],
    { schema },
  );
  expect(done.byName).toEqual({
    'a.avro': '1 rows',
    'b.csv': '1 rows',
    'c.avro': 'TYPE_CHANGED: column id: expected BIGINT, got VARCHAR',
  });
});

test('a value that its own logical type does not hold quarantines the file and names the column', async () => {
  const fields = [{ name: 'key', type: { type: 'string', logicalType: 'uuid' } }];
  const done = await bench.compact([['a.avro', await writeAvro(fields, [{ key: 'no uuid' }])]]);
  expect(done.byName['a.avro']).toBe(
    'VALUE_INVALID: column key: expected values of UUID, as the schema of the file says, got others',
  );
});

test('every flipped byte of an Avro file is found or changes a value, never the number of rows', async () => {
  const packed = await writeAvro([{ name: 'id', type: 'int' }], [{ id: 1 }, { id: 2 }, { id: 3 }], 'null');
  const flips = [...packed.keys()].map((at): [string, Buffer] => {
    const bytes = Buffer.from(packed);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return [`${at}.avro`, bytes];
  });
  const { byName } = await bench.compact(flips);
  const rows = Object.values(byName).filter((verdict) => verdict.endsWith(' rows'));
  expect(new Set(rows)).toEqual(new Set(['3 rows']));
});

test('blocks packed with Snappy and Zstandard hold the rows that were written', async () => {
  for (const codec of ['snappy', 'zstandard']) {
    const bytes = await readFile(join(import.meta.dirname, `../../corpus/compact/${codec}.avro`));
    const done = await bench.compact([[`${codec}.avro`, bytes]]);
    const rows = await done.rowsOut('id, note');
    const note = (id: number) => (id % 5 === 0 ? null : `note ${'ab'.repeat(id % 40)} ${id}`);
    expect(rows).toEqual(Array.from({ length: 300 }, (_, id) => ({ id: BigInt(id), note: note(id) })));
    for (const cut of [1, 200, bytes.length - 400]) {
      const { byName } = await bench.compact([['cut.avro', bytes.subarray(0, bytes.length - cut)]]);
      expect(byName['cut.avro']).toMatch(/^OBJECT_TRUNCATED/);
    }
  }
});

test('Snappy: literals and copies come out whole; what reaches behind its beginning, or is cut, is none', () => {
  const unpack = (hex: string, most = 100) =>
    unpackSnappy(Buffer.from(hex.replaceAll(' ', ''), 'hex'), most)?.toString('latin1');
  const five = 'ab'.repeat(5);
  const pieces: readonly (readonly [hex: string, text: string | undefined])[] = [
    ['00', ''],
    ['03 08616263', 'abc'],
    ['0a 046162 1102', five],
    ['0a 046162 1e0200', five],
    ['0a 046162 1f02000000', five],
    ['08 046162 0902', 'ab'.repeat(4)],
    [`41 f040 ${'78'.repeat(65)}`, 'x'.repeat(65)],
    ['0a 046162 1e0300', undefined],
    ['0a 046162 1e0000', undefined],
    ['0a 046162 1e02', undefined],
    ['03 086162', undefined],
    ['04 08616263', undefined],
    ['02 08616263', undefined],
    ['ffffffff0f 00', undefined],
    ['', undefined],
  ];
  for (const [hex, text] of pieces) expect(unpack(hex), hex).toBe(text);
});
