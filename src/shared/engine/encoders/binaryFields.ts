import type { FixedShape } from './binaryLayout.js';
import { LENGTH_BYTES } from './binaryLayout.js';

/** The values of one column in one chunk: DuckDB's memory, little-endian. */
export interface ColumnValues {
  readonly rows: number;
  /** The vector's bytes, aligned to 8. */
  readonly bytes: Uint8Array;
  /** One bit a row, 0 for NULL; undefined when no row is NULL. */
  readonly validity: Uint32Array | undefined;
}

/** The rows under construction: fields are appended to each row in turn. */
export interface RowBuffer {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Where the next field of each row goes; advanced by every writer. */
  readonly at: Int32Array;
  /** Where room behind the rows begins. */
  readonly scratch: number;
}

/** True when the row's value is not NULL. */
export function isValid(validity: Uint32Array | undefined, row: number): boolean {
  return validity === undefined || (((validity[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1;
}

/** Appends a column's fields to the rows. */
export type WriteColumn = (values: ColumnValues, out: RowBuffer) => void;

/** Writes one value: `word` is the index of its first 32-bit word in `words`, `p` where the field's bytes go. */
type PutValue = (out: RowBuffer, p: number, words: Uint32Array, word: number) => void;

// 1970-01-01 to 2000-01-01, where DuckDB and Postgres count from.
const EPOCH_DAYS = 10_957;
const EPOCH_MICROS_HIGH = Math.floor((EPOCH_DAYS * 86_400_000_000) / 2 ** 32);
const EPOCH_MICROS_LOW = (EPOCH_DAYS * 86_400_000_000) % 2 ** 32;
const INT32_MIN = -2_147_483_648;
const INT32_MAX = 2_147_483_647;
const UINT32_MAX = 0xffff_ffff;
/** DuckDB's TIMETZ holds 15:59:59 minus the offset, so that it sorts. */
const TIMETZ_OFFSET_BASE = 57_599;

/**
 * Makes a writer of values that are the same in both, but for the order of their bytes. `flip` changes bits of the highest word.
 * Most values go this way: the loop calls nothing.
 */
function reversed(size: 1 | 2 | 4, flip = 0): WriteColumn {
  return ({ rows, bytes, validity }, { view, at }) => {
    const source = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * size);
    for (let row = 0; row < rows; row += 1) {
      const p = at[row] ?? 0;
      if (!isValid(validity, row)) {
        view.setInt32(p, -1);
        at[row] = p + LENGTH_BYTES;
        continue;
      }
      let word = (row + 1) * size - 1;
      let field = p + LENGTH_BYTES;
      view.setInt32(p, size * 4);
      view.setUint32(field, (source[word] ?? 0) ^ flip);
      while (word > row * size) {
        word -= 1;
        field += 4;
        view.setUint32(field, source[word] ?? 0);
      }
      at[row] = field + 4;
    }
  };
}

/** Makes a writer of values of whole 32-bit words that `put` converts. */
function words(sourceWords: number, fieldBytes: number, put: PutValue): WriteColumn {
  return ({ rows, bytes, validity }, out) => {
    const source = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * sourceWords);
    const { view, at } = out;
    for (let row = 0; row < rows; row += 1) {
      const p = at[row] ?? 0;
      if (!isValid(validity, row)) {
        view.setInt32(p, -1);
        at[row] = p + LENGTH_BYTES;
        continue;
      }
      view.setInt32(p, fieldBytes);
      put(out, p + LENGTH_BYTES, source, row * sourceWords);
      at[row] = p + LENGTH_BYTES + fieldBytes;
    }
  };
}

/** Makes a writer of values smaller than a word. */
function small(size: 1 | 2): WriteColumn {
  return ({ rows, bytes, validity }, out) => {
    const { view, at } = out;
    for (let row = 0; row < rows; row += 1) {
      const p = at[row] ?? 0;
      const valid = isValid(validity, row);
      view.setInt32(p, valid ? size : -1);
      at[row] = p + LENGTH_BYTES + (valid ? size : 0);
      if (!valid) continue;
      view.setUint8(p + LENGTH_BYTES + size - 1, bytes[row * size] ?? 0);
      if (size === 2) view.setUint8(p + LENGTH_BYTES, bytes[row * 2 + 1] ?? 0);
    }
  };
}

/** The writer of each shape. */
export const fixedWriters: Readonly<Record<FixedShape, WriteColumn>> = {
  bool: small(1),
  int16: small(2),
  word32: reversed(1),
  word64: reversed(2),
  // DuckDB flips the highest bit, so that UUIDs sort as signed integers.
  uuid: reversed(4, 0x8000_0000),
  date: words(1, 4, ({ view }, p, source, word) => view.setInt32(p, postgresDays((source[word] ?? 0) | 0))),
  timestamp: words(2, 8, putTimestamp),
  timetz: words(2, 12, ({ view }, p, source, word) => {
    const low = source[word] ?? 0;
    const micros = (source[word + 1] ?? 0) * 256 + (low >>> 24);
    view.setUint32(p, Math.floor(micros / 2 ** 32));
    view.setUint32(p + 4, micros >>> 0);
    // Postgres counts seconds west of Greenwich.
    view.setInt32(p + 8, (low & 0xff_ffff) - TIMETZ_OFFSET_BASE);
  }),
  interval: reversed(4),
};

/** DuckDB's infinities are the largest integer and its negative, Postgres's the largest and the smallest. */
function postgresDays(days: number): number {
  if (days === INT32_MAX || days === INT32_MIN + 1) return days === INT32_MAX ? INT32_MAX : INT32_MIN;
  return days - EPOCH_DAYS;
}

function putTimestamp({ view }: RowBuffer, p: number, source: Uint32Array, word: number): void {
  const low = source[word] ?? 0;
  const high = (source[word + 1] ?? 0) | 0;
  const infinite = (high === INT32_MAX && low === UINT32_MAX) || (high === INT32_MIN && low === 1);
  const borrow = low < EPOCH_MICROS_LOW ? 1 : 0;
  const shifted = high - EPOCH_MICROS_HIGH - borrow;
  if (infinite) {
    view.setInt32(p, high);
    view.setUint32(p + 4, high === INT32_MAX ? UINT32_MAX : 0);
  } else {
    // Below Postgres's range either way; a number that wrapped around would be a valid one.
    view.setInt32(p, Math.max(shifted, INT32_MIN));
    view.setUint32(p + 4, shifted < INT32_MIN ? 1 : low - EPOCH_MICROS_LOW);
  }
}
