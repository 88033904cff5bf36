/** The types of fields in Thrift's compact protocol: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
export const THRIFT = {
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
} as const;

const MAX_DEPTH = 8;
const DECODER = new TextDecoder();

/** A place in bytes of Thrift's compact protocol, which moves on as it is read. Throws RangeError where the bytes end early or are none. */
export class ThriftCursor {
  constructor(
    private readonly buffer: Uint8Array,
    public at: number,
  ) {}

  /** The next byte. */
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

  /** A signed number. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next field of a struct: its id and type. */
  field(lastId: number): [id: number, type: number] {
    const byte = this.byte();
    const [delta, type] = [byte >> 4, byte & 0x0f];
    if (type === THRIFT.stop) return [0, THRIFT.stop];
    return [delta === 0 ? this.zigzag() : lastId + delta, type];
  }

  /** A text. */
  text(): string {
    const length = this.varint();
    this.#pass(length);
    return DECODER.decode(this.buffer.subarray(this.at - length, this.at));
  }

  /** A list: `read` takes each of its values. */
  list(read: () => unknown): void {
    const [count] = this.#listHead();
    for (let index = 0; index < count; index++) read();
  }

  /** A struct: `read` takes the value of a field and says so, or it is passed over. */
  struct(read: (id: number, type: number) => boolean): void {
    for (let [id, type] = this.field(0); type !== THRIFT.stop; [id, type] = this.field(id))
      if (!read(id, type)) this.skip(type, 0);
  }

  /** Passes over a value of that type. */
  skip(type: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError('the header is too deep');
    if (type === THRIFT.byte) this.#pass(1);
    else if (type === THRIFT.i16 || type === THRIFT.i32 || type === THRIFT.i64) this.varint();
    else if (type === THRIFT.double) this.#pass(8);
    else if (type === THRIFT.binary) this.#skipBytes();
    else if (type === THRIFT.list || type === THRIFT.set) this.#skipList(depth);
    else if (type === THRIFT.struct) this.#skipStruct(depth);
    else if (type !== THRIFT.true && type !== THRIFT.false) throw new RangeError('the type is unknown');
  }

  /** Moves on by so many bytes, which must be there. */
  #pass(bytes: number): void {
    if (bytes > this.buffer.length - this.at) throw new RangeError('the header ends early');
    this.at += bytes;
  }

  #skipBytes(): void {
    // Reading the length moves on, too.
    const length = this.varint();
    this.#pass(length);
  }

  /** How many values there are, and of which type. */
  #listHead(): [count: number, type: number] {
    const byte = this.byte();
    const [count, type] = [byte >> 4 === 15 ? this.varint() : byte >> 4, byte & 0x0f];
    // Each value takes a byte at least, so that a count of the file's own choosing ends with the bytes.
    if (count > this.buffer.length - this.at) throw new RangeError('the list is longer than the header');
    return [count, type];
  }

  #skipList(depth: number): void {
    const [count, type] = this.#listHead();
    // A field says true or false by its type; a value in a list takes a byte.
    if (type === THRIFT.true || type === THRIFT.false) this.#pass(count);
    else for (let index = 0; index < count; index++) this.skip(type, depth + 1);
  }

  #skipStruct(depth: number): void {
    for (let [id, type] = this.field(0); type !== THRIFT.stop; [id, type] = this.field(id)) this.skip(type, depth + 1);
  }
}
