import { open } from 'node:fs/promises';
import { readNulls } from './rowGroups.js';
import { THRIFT, ThriftCursor } from './thrift.js';

/** The beginning and the end of a file: all that tells what it is, and a Parquet file's rows and columns. */
export interface Glance {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Its first 512 bytes, or all. */
  readonly head: Uint8Array;
  /** Its last 8 bytes, or all. */
  readonly tail: Uint8Array;
  /** Of a Parquet file whose footer could be read. */
  readonly footer?: ParquetFooter;
}

/** What a Parquet footer tells first. */
export interface ParquetFooter {
  readonly rows: number;
  /** Files of the same print have the same columns: the bytes of the schema. */
  readonly print: string;
  /** NULLs of each column that is not nested, by its name; absent where not every row group tells them all. */
  readonly nulls?: ReadonlyMap<string, number>;
}

/** So many bytes of the beginning are looked at. */
export const HEAD_BYTES = 512;
const TAIL_BYTES = 8;
/** Most footers fit in this. */
const GUESSED_FOOTER_BYTES = 1 << 14;
const MAX_FOOTER_BYTES = 1 << 22;
const MAGIC = 'PAR1';
/** Fields of FileMetaData: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const [SCHEMA, NUM_ROWS, ROW_GROUPS] = [2, 3, 4];

/** Glances at a file that is in memory, in pieces one behind the other. */
export function glanceAt(chunks: readonly Buffer[]): Glance {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  const head = Buffer.from(firstOf(chunks, HEAD_BYTES));
  const tail = Buffer.from(lastOf(chunks, TAIL_BYTES));
  const length = footerLength({ head, tail, size });
  return withFooter({ size, head, tail }, length === undefined ? undefined : lastOf(chunks, length + TAIL_BYTES));
}

/** Glances at a file on the disk: opens it once. Errors: those of the file system. */
export async function glanceAtFile(file: string): Promise<Glance> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const read = async (from: number, bytes: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, from);
      return buffer.subarray(0, bytesRead);
    };
    const head = Buffer.from(await read(0, Math.min(size, HEAD_BYTES)));
    const end = await read(Math.max(0, size - GUESSED_FOOTER_BYTES), Math.min(size, GUESSED_FOOTER_BYTES));
    const tail = Buffer.from(end.subarray(-TAIL_BYTES));
    const length = footerLength({ head, tail, size });
    if (length === undefined) return { size, head, tail };
    const bytes = length + TAIL_BYTES;
    return withFooter(
      { size, head, tail },
      bytes <= end.length ? end.subarray(-bytes) : await read(size - bytes, bytes),
    );
  } finally {
    await handle.close();
  }
}

function firstOf(chunks: readonly Buffer[], bytes: number): Buffer {
  const [first] = chunks;
  return first !== undefined && first.length >= bytes
    ? first.subarray(0, bytes)
    : Buffer.concat(chunks).subarray(0, bytes);
}

function lastOf(chunks: readonly Buffer[], bytes: number): Buffer {
  const last = chunks.at(-1);
  return last !== undefined && last.length >= bytes ? last.subarray(-bytes) : Buffer.concat(chunks).subarray(-bytes);
}

/** Undefined where the ends are not those of a Parquet file of usual size. */
function footerLength({ head, tail, size }: { head: Buffer; tail: Buffer; size: number }): number | undefined {
  if (size < 12 || head.toString('latin1', 0, 4) !== MAGIC || tail.toString('latin1', 4) !== MAGIC) return undefined;
  const length = tail.readUInt32LE(0);
  return length + 12 > size || length > MAX_FOOTER_BYTES ? undefined : length;
}

function withFooter(glance: Glance, footer: Buffer | undefined): Glance {
  const read = footer === undefined ? undefined : readFooter(footer);
  return read === undefined ? glance : { ...glance, footer: read };
}

function footerOf(print: string, rows: number, nulls: ParquetFooter['nulls']): ParquetFooter | undefined {
  if (rows < 0 || !Number.isSafeInteger(rows)) return undefined;
  return { rows, print, ...(nulls === undefined ? {} : { nulls }) };
}

/** Reads rows, schema and NULLs of a footer; undefined when it is none. */
export function readFooter(bytes: Buffer): ParquetFooter | undefined {
  const cursor = new ThriftCursor(bytes, 0);
  let [print, rows]: [string?, number?] = [];
  try {
    for (let [id, type] = cursor.field(0); type !== THRIFT.stop; [id, type] = cursor.field(id)) {
      const from = cursor.at;
      if (id === NUM_ROWS && type === THRIFT.i64) rows = cursor.zigzag();
      else if (id === ROW_GROUPS && type === THRIFT.list && print !== undefined && rows !== undefined)
        return footerOf(print, rows, readNulls(cursor));
      else cursor.skip(type, 0);
      if (id === SCHEMA) print = bytes.toString('latin1', from, cursor.at);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return print === undefined || rows === undefined ? undefined : footerOf(print, rows, undefined);
}
