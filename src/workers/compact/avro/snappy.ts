/**
 * Unpacks one piece of raw Snappy (format_description.txt of google/snappy): a length, then literals and copies of what came out before.
 * Undefined where the bytes are none, or claim more than `most` bytes.
 */
export function unpackSnappy(packed: Buffer, most: number): Buffer | undefined {
  const head = readLength(packed);
  if (head === undefined || head.value > most) return undefined;
  const out = Buffer.allocUnsafe(head.value);
  let [at, to] = [head.at, 0];
  while (at < packed.length) {
    const element = readElement(packed, at);
    if (element === undefined || to + element.length > out.length) return undefined;
    const { length, offset } = element;
    ({ next: at } = element);
    if (offset === 0) {
      packed.copy(out, to, at - length, at);
      to += length;
      continue;
    }
    if (offset > to) return undefined;
    // A copy may reach into what it writes itself.
    for (let left = length; left > 0; left--) out[to++] = out[to - 1 - offset] ?? 0;
  }
  return to === out.length ? out : undefined;
}

function readLength(packed: Buffer): { readonly value: number; readonly at: number } | undefined {
  let value = 0;
  for (let at = 0; at < 5; at++) {
    const byte = packed[at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { value, at: at + 1 };
  }
  return undefined;
}

/** `offset` 0: a literal, which ends at `next`. */
interface Element {
  readonly length: number;
  readonly offset: number;
  readonly next: number;
}

function readElement(packed: Buffer, at: number): Element | undefined {
  const tag = packed[at] ?? 0;
  const size = tag >> 2;
  const extra = [size < 60 ? 0 : size - 59, 1, 2, 4][tag & 3] ?? 0;
  if (at + 1 + extra > packed.length) return undefined;
  const number = extra === 0 ? 0 : packed.readUIntLE(at + 1, extra);
  const from = at + 1 + extra;
  switch (tag & 3) {
    case 0: {
      const length = (size < 60 ? size : number) + 1;
      return from + length > packed.length ? undefined : { length, offset: 0, next: from + length };
    }
    case 1:
      return copyOf((size & 7) + 4, ((tag >> 5) << 8) | number, from);
    default:
      return copyOf(size + 1, number, from);
  }
}

function copyOf(length: number, offset: number, next: number): Element | undefined {
  return offset === 0 ? undefined : { length, offset, next };
}
