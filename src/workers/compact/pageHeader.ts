import { ThriftCursor, THRIFT } from './thrift.js';

/**
 * The head of a Parquet page: a Thrift struct in the compact protocol, then `bytes` of data.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader) and
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
export interface PageHeader {
  /** Bytes of the data as it stands in the file. */
  readonly bytes: number;
  /** CRC-32 of that data, unsigned; most writers leave it out. */
  readonly crc?: number;
  /** Where the data begins. */
  readonly dataAt: number;
}

const [COMPRESSED_SIZE, CRC] = [3, 4];

/** Reads the header at a byte of the buffer; undefined when there is none, or not all of it. */
export function readPageHeader(buffer: Uint8Array, at: number): PageHeader | undefined {
  const cursor = new ThriftCursor(buffer, at);
  const sizes = new Map<number, number>();
  try {
    for (let [id, type] = cursor.field(0); type !== THRIFT.stop; [id, type] = cursor.field(id)) {
      if (type === THRIFT.i32) sizes.set(id, cursor.zigzag());
      else cursor.skip(type, 0);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const [bytes, crc] = [sizes.get(COMPRESSED_SIZE), sizes.get(CRC)];
  if (bytes === undefined || bytes < 0) return undefined;
  return { bytes, dataAt: cursor.at, ...(crc === undefined ? {} : { crc: crc >>> 0 }) };
}
