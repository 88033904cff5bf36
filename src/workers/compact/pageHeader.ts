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
const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
};
const MAX_DEPTH = 8;

/** Reads the header at a byte of the buffer; undefined when there is none, or not all of it. */
export function readPageHeader(buffer: Uint8Array, at: number): PageHeader | undefined {
  const cursor = new Cursor(buffer, at);
  const sizes = new Map<number, number>();
  try {
    for (let [id, type] = cursor.field(0); type !== TYPE.stop; [id, type] = cursor.field(id)) {
      if (type === TYPE.i32) sizes.set(id, cursor.zigzag());
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

class Cursor {
  constructor(
    private readonly buffer: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    const byte = this.buffer[this.at];
    if (byte === undefined) throw new RangeError('the header ends early');
    this.at += 1;
    return byte;
  }

  /** An unsigned LEB128 number below 2^53. */
  varint(): number {
    let [value, factor] = [0, 1];
    for (let byte = this.byte(); ; byte = this.byte()) {
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
      if (factor > 2 ** 63) throw new RangeError('the number is too long');
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next field of a struct: its id and type. */
  field(lastId: number): [id: number, type: number] {
    const byte = this.byte();
    const [delta, type] = [byte >> 4, byte & 0x0f];
    if (type === TYPE.stop) return [0, TYPE.stop];
    return [delta === 0 ? this.zigzag() : lastId + delta, type];
  }

  skip(type: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError('the header is too deep');
    if (type === TYPE.byte) this.at += 1;
    else if (type === TYPE.i16 || type === TYPE.i32 || type === TYPE.i64) this.varint();
    else if (type === TYPE.double) this.at += 8;
    else if (type === TYPE.binary) this.at += this.varint();
    else if (type === TYPE.list || type === TYPE.set) this.#skipList(depth);
    else if (type === TYPE.struct) this.#skipStruct(depth);
    else if (type !== TYPE.true && type !== TYPE.false) throw new RangeError('the type is unknown');
  }

  #skipList(depth: number): void {
    const byte = this.byte();
    const count = byte >> 4 === 15 ? this.varint() : byte >> 4;
    for (let index = 0; index < count; index++) this.skip(byte & 0x0f, depth + 1);
  }

  #skipStruct(depth: number): void {
    for (let [id, type] = this.field(0); type !== TYPE.stop; [id, type] = this.field(id)) this.skip(type, depth + 1);
  }
}
