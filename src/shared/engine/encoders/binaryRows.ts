import type { ColumnValues, RowBuffer, WriteColumn } from './binaryFields.js';
import { fixedWriters, isValid } from './binaryFields.js';
import type { BinaryLayout, FixedField, Part } from './binaryLayout.js';
import { JOINED_MARGIN, LENGTH_BYTES, widths } from './binaryLayout.js';
import { numericWriter } from './binaryNumeric.js';

const COUNT_BYTES = 2;
/** DuckDB's string: length, then (of more than 12 bytes) four bytes of prefix and the address. */
const STRING_WORDS = 4;
const STRING_BYTES = 16;

/** A chunk of DuckDB's result, as the layout's SELECT gives it. */
export interface BinaryChunk {
  readonly rows: number;
  /** Fixed-width values of a vector: this many bytes each. */
  readonly values: (vector: number, bytesEach: number) => ColumnValues;
  /** `length` bytes at the address that stands at `offset` of these bytes. */
  readonly follow: (bytes: Uint8Array, offset: number, length: number) => Uint8Array;
}

/**
 * Makes the function that turns a chunk into its rows of COPY BINARY. It builds in turn in two pieces of memory: its answer stands
 * until the call after the next.
 */
export function rowsBuilder({ parts, columns }: BinaryLayout): (chunk: BinaryChunk) => Uint8Array {
  const prepared = parts.map(preparePart);
  const fixedBytes = prepared.reduce((sum, { bytes }) => sum + bytes, COUNT_BYTES);
  let [building, resting] = [openRows(0), openRows(0)];
  return (chunk) => {
    [building, resting] = [resting, building];
    const read = prepared.map(({ read: readPart }) => readPart(chunk));
    const at = new Int32Array(chunk.rows + 1);
    at.fill(fixedBytes, 1);
    for (const part of read) part.addSizes(at);
    for (let row = 1; row <= chunk.rows; row += 1) at[row] = (at[row] ?? 0) + (at[row - 1] ?? 0);
    const total = at[chunk.rows] ?? 0;
    const room = total + Math.max(0, ...read.map(({ scratch }) => scratch));
    if (building.bytes.length < room) building = openRows(room * 1.25);
    const out: RowBuffer = { ...building, at, scratch: total };
    for (let row = 0; row < chunk.rows; row += 1) {
      const p = at[row] ?? 0;
      out.view.setInt16(p, columns);
      at[row] = p + COUNT_BYTES;
    }
    for (const part of read) part.write(out);
    if (at[chunk.rows - 1] !== total)
      throw new RangeError(`expected rows of ${total} bytes, got ${at[chunk.rows - 1]}`);
    return out.bytes.subarray(0, total);
  };
}

function openRows(size: number): Pick<RowBuffer, 'view' | 'bytes'> {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
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
  /** Bytes of room behind the rows that it needs to write. */
  readonly scratch: number;
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
      scratch: 0,
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
    const { bytes } = chunk.values(vector, STRING_BYTES);
    const strings = new Uint32Array(bytes.buffer, bytes.byteOffset, chunk.rows * STRING_WORDS);
    const runs = findRuns(strings, chunk.rows);
    return {
      scratch: Math.max(0, ...runs.map(({ length }) => length)),
      addSizes: (sizes) => {
        for (let row = 0; row < chunk.rows; row += 1) {
          sizes[row + 1] = (sizes[row + 1] ?? 0) + (strings[row * STRING_WORDS] ?? 0) - JOINED_MARGIN;
        }
      },
      write: (out) => {
        for (const run of runs)
          copyRun(run, chunk.follow(bytes, run.first * STRING_BYTES + 8, run.length), strings, out);
        for (const length of lengths) putLengths(chunk.values(length, 4), out);
      },
    };
  };
  return { bytes: 0, read };
}

/** Strings of neighbouring rows that lie one behind the other: read at once. */
interface Run {
  readonly first: number;
  /** The first row that is not part of it. */
  readonly end: number;
  /** Bytes. */
  readonly length: number;
}

function findRuns(strings: Uint32Array, rows: number): readonly Run[] {
  const runs: Run[] = [];
  let first = 0;
  let length = 0;
  let address = 0;
  for (let row = 0; row < rows; row += 1) {
    const word = row * STRING_WORDS;
    const here = (strings[word + 3] ?? 0) * 2 ** 32 + (strings[word + 2] ?? 0);
    if (row > first && here !== address) {
      runs.push({ first, end: row, length });
      first = row;
      length = 0;
    }
    const own = strings[word] ?? 0;
    length += own;
    address = here + own;
  }
  runs.push({ first, end: rows, length });
  return runs;
}

/** Copies each row's joined value, without its margin, to where the row goes on. By way of the buffer's own end: a view of each row's bytes would cost more than its bytes. */
function copyRun(
  { first, end }: Run,
  memory: Uint8Array,
  strings: Uint32Array,
  { bytes, at, scratch }: RowBuffer,
): void {
  bytes.set(memory, scratch);
  let from = scratch;
  for (let row = first; row < end; row += 1) {
    const to = from + (strings[row * STRING_WORDS] ?? 0);
    bytes.copyWithin(at[row] ?? 0, from + JOINED_MARGIN, to);
    from = to;
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
