import type { ColumnValues, RowBuffer, WriteColumn } from './binaryFields.js';
import { fixedWriters, isValid } from './binaryFields.js';
import type { BinaryLayout, FixedField, Part } from './binaryLayout.js';
import { JOINED_MARGIN, LENGTH_BYTES, widths } from './binaryLayout.js';
import { numericWriter } from './binaryNumeric.js';

const COUNT_BYTES = 2;
/** DuckDB's string: length, then (of more than 12 bytes) four bytes of prefix and the address. */
const STRING_WORDS = 4;

/** A chunk of DuckDB's result, as the layout's SELECT gives it. */
export interface BinaryChunk {
  readonly rows: number;
  /** Fixed-width values of a vector: this many bytes each. */
  readonly values: (vector: number, bytesEach: number) => ColumnValues;
  /** `length` bytes at the address that stands at `offset` of these bytes. */
  readonly follow: (bytes: Uint8Array, offset: number, length: number) => Uint8Array;
}

/** Makes the function that turns a chunk into its rows of COPY BINARY, in memory of their own. */
export function rowsBuilder({ parts, columns }: BinaryLayout): (chunk: BinaryChunk) => Uint8Array {
  const prepared = parts.map(preparePart);
  const fixedBytes = prepared.reduce((sum, { bytes }) => sum + bytes, COUNT_BYTES);
  return (chunk) => {
    const read = prepared.map(({ read: readPart }) => readPart(chunk));
    const at = new Int32Array(chunk.rows + 1);
    at.fill(fixedBytes, 1);
    for (const part of read) part.addSizes(at);
    for (let row = 1; row <= chunk.rows; row += 1) at[row] = (at[row] ?? 0) + (at[row - 1] ?? 0);
    const total = at[chunk.rows] ?? 0;
    const buffer = Buffer.allocUnsafeSlow(total);
    const out: RowBuffer = { view: new DataView(buffer.buffer), bytes: buffer, at };
    for (let row = 0; row < chunk.rows; row += 1) {
      const p = at[row] ?? 0;
      out.view.setInt16(p, columns);
      at[row] = p + COUNT_BYTES;
    }
    for (const part of read) part.write(out);
    if (at[chunk.rows - 1] !== total)
      throw new RangeError(`expected rows of ${total} bytes, got ${at[chunk.rows - 1]}`);
    return buffer;
  };
}

interface PreparedPart {
  /** Bytes that the part has in every row without a NULL in it, but for those of joined columns. */
  readonly bytes: number;
  readonly read: (chunk: BinaryChunk) => ReadPart;
}

/** One part of the rows of one chunk. */
interface ReadPart {
  /** Adds what a row's part has more or less than `bytes` to the row's number; row 0 is number 1. */
  readonly addSizes: (sizes: Int32Array) => void;
  readonly write: (out: RowBuffer) => void;
}

function preparePart(part: Part): PreparedPart {
  return part.kind === 'column' ? prepareColumn(part.field, part.vector) : prepareJoined(part.vector, part.lengths);
}

function prepareColumn(field: FixedField, vector: number): PreparedPart {
  const { source, field: fieldBytes } = widths(field);
  const writeColumn: WriteColumn = field.kind === 'fixed' ? fixedWriters[field.shape] : numericWriter(field.numeric);
  const read = (chunk: BinaryChunk): ReadPart => {
    const values = chunk.values(vector, source);
    return {
      addSizes: (sizes) => {
        if (values.validity === undefined) return;
        for (let row = 0; row < chunk.rows; row += 1) {
          if (!isValid(values.validity, row)) sizes[row + 1] = (sizes[row + 1] ?? 0) - fieldBytes;
        }
      },
      write: (out) => writeColumn(values, out),
    };
  };
  return { bytes: LENGTH_BYTES + fieldBytes, read };
}

function prepareJoined(vector: number, lengths: readonly number[]): PreparedPart {
  const read = (chunk: BinaryChunk): ReadPart => {
    const { bytes } = chunk.values(vector, STRING_WORDS * 4);
    const strings = new Uint32Array(bytes.buffer, bytes.byteOffset, chunk.rows * STRING_WORDS);
    return {
      addSizes: (sizes) => {
        for (let row = 0; row < chunk.rows; row += 1) {
          sizes[row + 1] = (sizes[row + 1] ?? 0) + (strings[row * STRING_WORDS] ?? 0) - JOINED_MARGIN;
        }
      },
      write: (out) => {
        copyStrings(chunk, bytes, strings, out);
        for (const length of lengths) putLengths(chunk.values(length, 4), out);
      },
    };
  };
  return { bytes: 0, read };
}

/** Copies each row's joined value without its margin to where the row goes on. Strings that lie one behind the other are read at once. */
function copyStrings(chunk: BinaryChunk, bytes: Uint8Array, strings: Uint32Array, out: RowBuffer): void {
  const address = (row: number) =>
    (strings[row * STRING_WORDS + 3] ?? 0) * 2 ** 32 + (strings[row * STRING_WORDS + 2] ?? 0);
  for (let first = 0; first < chunk.rows;) {
    const start = address(first);
    let end = start;
    let next = first;
    while (next < chunk.rows && address(next) === end) {
      end += strings[next * STRING_WORDS] ?? 0;
      next += 1;
    }
    const run = chunk.follow(bytes, (first * STRING_WORDS + 2) * 4, end - start);
    let from = 0;
    for (let row = first; row < next; row += 1) {
      const to = from + (strings[row * STRING_WORDS] ?? 0);
      out.bytes.set(run.subarray(from + JOINED_MARGIN, to), out.at[row] ?? 0);
      from = to;
    }
    first = next;
  }
}

/** Writes the lengths of one column into the room before its bytes, and steps over them. */
function putLengths({ rows, bytes, validity }: ColumnValues, { view, at }: RowBuffer): void {
  const lengths = new Int32Array(bytes.buffer, bytes.byteOffset, rows);
  for (let row = 0; row < rows; row += 1) {
    const p = at[row] ?? 0;
    const length = isValid(validity, row) ? (lengths[row] ?? 0) : -1;
    view.setInt32(p, length);
    at[row] = p + LENGTH_BYTES + Math.max(0, length);
  }
}
