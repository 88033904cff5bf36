import type { ColumnValues, RowBuffer, WriteColumn } from './binaryFields.js';
import { isValid } from './binaryFields.js';
import type { NumericShape } from './binaryLayout.js';
import { LENGTH_BYTES, widths } from './binaryLayout.js';

const BASE = 10_000;
const NEGATIVE = 0x4000;

/**
 * Makes a writer of numerics: groups of digits, weight, sign, scale, then the groups. The groups are as many as the type can need,
 * so that every field has the same width; Postgres drops the empty ones.
 */
export function numericWriter(shape: NumericShape): WriteColumn {
  const { source, signed, scale, before, after } = shape;
  const fieldBytes = widths({ kind: 'numeric', numeric: shape }).field;
  // The last group of the fraction is filled up with zeros.
  const fill = 10 ** (4 * after - scale);
  return ({ rows, bytes, validity }: ColumnValues, { view, at }: RowBuffer) => {
    const values = new DataView(bytes.buffer, bytes.byteOffset, rows * source);
    for (let row = 0; row < rows; row += 1) {
      const p = at[row] ?? 0;
      if (!isValid(validity, row)) {
        view.setInt32(p, -1);
        at[row] = p + LENGTH_BYTES;
        continue;
      }
      const negative = signed && values.getInt8(row * source + source - 1) < 0;
      view.setInt32(p, fieldBytes);
      view.setInt16(p + 4, before + after);
      view.setInt16(p + 6, before - 1);
      view.setUint16(p + 8, negative ? NEGATIVE : 0);
      view.setUint16(p + 10, scale);
      const end = p + LENGTH_BYTES + fieldBytes;
      at[row] = end;
      const safe = source === 16 ? Infinity : Math.abs(readInteger(values, row * source, source)) * fill;
      if (safe <= Number.MAX_SAFE_INTEGER) putGroups(view, end, before + after, safe);
      else putWideGroups(view, end, before + after, readLimbs({ values, at: row * source, source, negative }, fill));
    }
  };
}

/** Exact up to 2^53; beyond that only its size matters. */
function readInteger(values: DataView, at: number, source: NumericShape['source']): number {
  if (source === 2) return values.getInt16(at, true);
  if (source === 4) return values.getInt32(at, true);
  return values.getInt32(at + 4, true) * 2 ** 32 + values.getUint32(at, true);
}

/** The last groups first. */
function putGroups(view: DataView, end: number, groups: number, magnitude: number): void {
  let rest = magnitude;
  for (let p = end - 2; p > end - 2 - 2 * groups; p -= 2) {
    const next = Math.floor(rest / BASE);
    view.setUint16(p, rest - next * BASE);
    rest = next;
  }
}

interface WideInteger {
  readonly values: DataView;
  readonly at: number;
  readonly source: NumericShape['source'];
  readonly negative: boolean;
}

/** 128 bits, and what the filling adds. */
const limbs = new Uint32Array(5);

/** The magnitude times `fill` (1000 at most) in 32-bit limbs, the lowest first. The array is shared. */
function readLimbs({ values, at, source, negative }: WideInteger, fill: number): Uint32Array {
  let borrow = negative ? 1 : 0;
  let carry = 0;
  for (let index = 0; index < 5; index += 1) {
    let limb = index * 4 < source ? values.getUint32(at + index * 4, true) : 0;
    if (negative && index * 4 < source) {
      limb = (~limb >>> 0) + borrow;
      borrow = limb > 0xffff_ffff ? 1 : 0;
      limb >>>= 0;
    }
    const product = limb * fill + carry;
    limbs[index] = product >>> 0;
    carry = Math.floor(product / 2 ** 32);
  }
  return limbs;
}

function putWideGroups(view: DataView, end: number, groups: number, magnitude: Uint32Array): void {
  for (let p = end - 2; p > end - 2 - 2 * groups; p -= 2) {
    let rest = 0;
    for (let index = magnitude.length - 1; index >= 0; index -= 1) {
      const dividend = rest * 2 ** 32 + (magnitude[index] ?? 0);
      const quotient = Math.floor(dividend / BASE);
      magnitude[index] = quotient;
      rest = dividend - quotient * BASE;
    }
    view.setUint16(p, rest);
  }
}
