import { open } from 'node:fs/promises';
import avro from 'avsc';
import { SluiceError, isSluiceError } from '../../../shared/errors.js';
import { writeAt } from '../../../shared/stores/files.js';
import { type AvroColumn, readAvroColumns, rowToJson } from './avroTypes.js';
import { type AvroBlock, corrupt, readAvroBlocks, readAvroHeader } from './container.js';

/** What an Avro file was turned into: one JSON object a line, keys c0, c1 and so on. */
export interface UnpackedAvro {
  readonly columns: readonly AvroColumn[];
  readonly rows: number;
  /** Bytes of the longest line. */
  readonly longest: number;
}

/** Numbers beyond 2^53 stay whole. */
const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/**
 * Decodes an Avro object container file (specification 1.12) block by block into lines of JSON at `to`, every scalar as a
 * text that its column's type takes whole. Errors: OBJECT_TRUNCATED, OBJECT_CORRUPT with the place, FORMAT_UNSUPPORTED.
 */
export async function unpackAvro(
  { file, size }: { readonly file: string; readonly size: number },
  to: string,
  signal?: AbortSignal,
): Promise<UnpackedAvro> {
  const input = await open(file);
  const header = await readAvroHeader(input, size).finally(() => input.close());
  const columns = readAvroColumns(header.schema);
  const type = readType(header.schema);
  const isRecord = type.typeName === 'record';
  const output = await open(to, 'w');
  let [rows, longest, written] = [0, 0, 0];
  try {
    for await (const block of readAvroBlocks({ file, size, scratch: `${to}.block` }, header)) {
      signal?.throwIfAborted();
      const lines = decodeBlock(block, type).map(({ value, bytes }, index) => {
        const line = `${JSON.stringify(rowToJson(value, columns, isRecord))}\n`;
        checkWhole(line, bytes, `row ${rows + index + 1}`);
        return line;
      });
      const text = Buffer.from(lines.join(''));
      await writeAt(output, text, written);
      written += text.length;
      rows += lines.length;
      longest = lines.reduce((most, line) => Math.max(most, Buffer.byteLength(line)), longest);
    }
  } finally {
    await output.close();
  }
  return { columns, rows, longest };
}

function readType(schema: unknown): avro.Type {
  try {
    return avro.parse(JSON.stringify(schema), { wrapUnions: true, registry: { long: LONG } });
  } catch (error) {
    if (isSluiceError(error)) throw error;
    throw new SluiceError(
      'OBJECT_UNREADABLE',
      `expected a schema of Avro, got one that breaks its rules: ${error instanceof Error ? error.message.slice(0, 120) : ''}`,
    );
  }
}

/**
 * The decoder puts U+FFFD in place of what is no UTF-8, and loses a key of a map that is named like the prototype of objects: both show in the
 * number of times that they stand in the row's bytes and in its text.
 */
function checkWhole(line: string, bytes: Buffer, place: string): void {
  const times = (text: string | Buffer, mark: string) => {
    let count = 0;
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) count += 1;
    return count;
  };
  if (line.includes('\uFFFD') && times(line, '\uFFFD') > times(bytes, '\uFFFD')) {
    throw new SluiceError('VALUE_INVALID', `expected UTF-8 in the strings of ${place}, got other bytes`);
  }
  if (bytes.includes('__proto__') && times(bytes, '__proto__') > times(line, '__proto__')) {
    throw new SluiceError('FORMAT_UNSUPPORTED', `expected no key __proto__ in a map, got one in ${place}`);
  }
}

interface DecodedRow {
  readonly value: unknown;
  readonly bytes: Buffer;
}

function decodeBlock({ rows, data, place }: AvroBlock, type: avro.Type): readonly DecodedRow[] {
  const values: DecodedRow[] = [];
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const { value, offset } = decodeAt(type, data, { at, place, row });
    values.push({ value, bytes: data.subarray(at, offset) });
    at = offset;
  }
  if (at !== data.length)
    throw corrupt(place, `expected ${rows} rows in the block, got ${data.length - at} bytes more`);
  return values;
}

function decodeAt(
  type: avro.Type,
  data: Buffer,
  { at, place, row }: { at: number; place: number; row: number },
): { value: unknown; offset: number } {
  try {
    const { value, offset } = type.decode(data, at);
    if (offset >= 0) return { value, offset };
  } catch {
    throw corrupt(place, `expected row ${row + 1} of the block by its schema, got other bytes`);
  }
  throw corrupt(place, `expected row ${row + 1} of the block whole, got its end`);
}
