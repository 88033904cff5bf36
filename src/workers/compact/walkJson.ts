import { isUtf8 } from 'node:buffer';
import { type RecordWalker, walkText } from './walkText.js';

const [NEWLINE, RETURN, SPACE, QUOTE, COMMA, COLON] = [0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a];
const [OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5c, 0x5d, 0x7b, 0x7d];
const [LETTER_N, LETTER_T] = [0x6e, 0x74];
/** Rows that spell more different beginnings of key lists than this are left to the parser. */
const MAX_STEPS = 2000;
const MAX_DEPTH = 64;

/** What the bytes of sound NDJSON tell. */
export interface JsonWalk {
  readonly rows: number;
  readonly endsInLine: boolean;
  /** Every key that some row has, those of the most frequent list of keys first; `nulls`: rows without a value of it. */
  readonly keys: readonly { readonly name: string; readonly nulls: number }[];
}

/**
 * Reads the keys of NDJSON byte by byte, and counts the rows that have no value of each. Undefined where a parser must tell: a row that is
 * no object with keys, or names one twice; blank lines, escapes in keys, a NUL, text that is no UTF-8, anything that is not plainly JSON.
 */
export async function walkJson(text: string | Buffer): Promise<JsonWalk | undefined> {
  const walker = new JsonWalker();
  const walked = await walkText(text, walker);
  return walked === undefined || walker.rows === 0 ? undefined : { ...walked, rows: walker.rows, keys: walker.keys() };
}

/** A key in its place: after those of the steps above. Most rows take the first way at each step. */
class Step {
  readonly next: Step[] = [];
  /** Rows with a value here. */
  values = 0;
  /** Rows that end here. */
  ends = 0;

  constructor(
    /** Its bytes, with the quote that ends them. */
    readonly key: Buffer,
    readonly before: Step | undefined,
  ) {}
}

class JsonWalker implements RecordWalker {
  rows = 0;
  readonly #root = new Step(Buffer.alloc(0), undefined);
  readonly #steps: Step[] = [];

  walk(bytes: Buffer): number | undefined {
    if (!isUtf8(bytes)) return undefined;
    for (let at = 0; at < bytes.length;) {
      at = this.#row(bytes, at);
      if (at < 0) return undefined;
      this.rows += 1;
    }
    return bytes.length;
  }

  keys(): JsonWalk['keys'] {
    const values = new Map<string, number>();
    for (const last of this.#steps.filter(({ ends }) => ends > 0).sort((a, b) => b.ends - a.ends))
      for (const { key } of pathOf(last)) values.set(nameOf(key), 0);
    for (const { key, values: count } of this.#steps) values.set(nameOf(key), (values.get(nameOf(key)) ?? 0) + count);
    return [...values].map(([name, count]) => ({ name, nulls: this.rows - count }));
  }

  /** The place behind a row's newline; negative where it is not plain. */
  #row(bytes: Buffer, from: number): number {
    if (bytes[from] !== OPEN) return -1;
    let step = this.#root;
    let at = from + 1;
    for (;;) {
      if (bytes[at] === SPACE) at = afterSpace(bytes, at);
      if (bytes[at] !== QUOTE) return -1;
      const next = this.#follow(step, bytes, at + 1);
      if (next === undefined) return -1;
      step = next;
      at += 1 + step.key.length;
      if (bytes[at] === SPACE) at = afterSpace(bytes, at);
      if (bytes[at] !== COLON) return -1;
      at += 1;
      if (bytes[at] === SPACE) at = afterSpace(bytes, at);
      if (bytes[at] !== LETTER_N) step.values += 1;
      at = bytes[at] === QUOTE ? endOfString(bytes, at + 1) : endOfValue(bytes, at);
      if (at < 0) return -1;
      if (bytes[at] === SPACE) at = afterSpace(bytes, at);
      if (bytes[at] !== COMMA) break;
      at += 1;
    }
    if (bytes[at] !== CLOSE) return -1;
    at = afterSpace(bytes, at + 1);
    if (bytes[at] === RETURN) at += 1;
    step.ends += 1;
    return bytes[at] === NEWLINE ? at + 1 : -1;
  }

  #follow(step: Step, bytes: Buffer, from: number): Step | undefined {
    for (let way = 0; way < step.next.length; way++) {
      const next = step.next[way];
      if (next !== undefined && startsWith(bytes, from, next.key)) return next;
    }
    const end = endOfString(bytes, from);
    const key = Buffer.from(bytes.subarray(from, end));
    if (end < 0 || key.length === 1 || key.includes(BACKSLASH) || this.#steps.length === MAX_STEPS) return undefined;
    if (pathOf(step).some((above) => above.key.equals(key))) return undefined;
    const next = new Step(key, step === this.#root ? undefined : step);
    this.#steps.push(next);
    step.next.push(next);
    return next;
  }
}

function nameOf(key: Buffer): string {
  return key.toString('utf8', 0, key.length - 1);
}

/** From the first key to this one. */
function pathOf(last: Step): readonly Step[] {
  const path: Step[] = [];
  for (let step: Step | undefined = last; step !== undefined && step.key.length > 0; step = step.before)
    path.unshift(step);
  return path;
}

function startsWith(bytes: Buffer, from: number, key: Buffer): boolean {
  for (let index = 0; index < key.length; index++) if (bytes[from + index] !== key[index]) return false;
  return true;
}

function afterSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at += 1;
  return at;
}

/** What a byte is in a string: one of its own, its end, the beginning of an escape, none that may stand there. */
const [PLAIN, END, ESCAPE, NONE] = [0, 1, 2, 3];
const IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === QUOTE) return END;
  return byte === BACKSLASH ? ESCAPE : byte < SPACE ? NONE : PLAIN;
});
const SIMPLE_ESCAPES = new Set(Buffer.from('"\\/bfnrt'));
const IN_NUMBER = Uint8Array.from({ length: 256 }, (_, byte) => (/[-+.0-9eE]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** The place behind the quote that ends a string; negative where it is not plain. */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; ; at++) {
    let kind = IN_STRING[bytes[at] ?? 0];
    while (kind === PLAIN) kind = IN_STRING[bytes[++at] ?? 0];
    if (kind === END) return at + 1;
    if (kind === NONE) return -1;
    at += 1;
    if (SIMPLE_ESCAPES.has(bytes[at] ?? 0)) continue;
    // Neither a NUL nor half of a pair.
    const code = /^u([0-9a-f]{4})$/i.exec(bytes.toString('latin1', at, at + 5))?.[1] ?? '0000';
    if (code === '0000' || /^d[89a-f]/i.test(code)) return -1;
    at += 4;
  }
}

/** The place behind a value; negative where it is not plain. */
function endOfValue(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === OPEN || byte === OPEN_LIST) return endOfNested(bytes, at);
  let end = at;
  while (IN_NUMBER[bytes[end] ?? 0] === 1) end += 1;
  return end > at ? end : endOfWord(bytes, at);
}

const [NULL, TRUE, FALSE] = [Buffer.from('null'), Buffer.from('true'), Buffer.from('false')];

function endOfWord(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  const word = byte === LETTER_N ? NULL : byte === LETTER_T ? TRUE : FALSE;
  return startsWith(bytes, at, word) ? at + word.length : -1;
}

/** Brackets must pair; what stands between them the engine's parser proves when it reads. */
function endOfNested(bytes: Buffer, from: number): number {
  const open: number[] = [];
  for (let at = from; ; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < SPACE) return -1;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at + 1);
      if (end < 0) return -1;
      at = end - 1;
    } else if (byte === OPEN || byte === OPEN_LIST) {
      if (open.push(byte + 2) > MAX_DEPTH) return -1;
    } else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (open.pop() !== byte) return -1;
      if (open.length === 0) return at + 1;
    }
  }
}
