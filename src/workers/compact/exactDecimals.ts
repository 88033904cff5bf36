import { open, rm } from 'node:fs/promises';
import { writeAt } from '../../shared/stores/files.js';
import type { Source, TargetColumn } from './sources.js';

const CHUNK_BYTES = 1 << 20;
/** A DOUBLE holds every number of so many digits. */
const EXACT_DIGITS = 15;
/** No column of decimals takes a number of more characters. */
const MAX_NUMBER = 1000;
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [OPEN, CLOSE, BRACE_OPEN, BRACE_CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The parser of JSON makes a DOUBLE of each number with a fraction, so that those of more than 15 digits are not their own any more. In
 * columns of decimals such numbers are put into quotes, in a copy of the file: then they are read digit by digit. Files without any stay.
 */
export async function quoteDecimals(
  sources: readonly Source[],
  columns: readonly TargetColumn[],
  folder: string,
): Promise<readonly Source[]> {
  // A number inside a value of JSON stays what it is.
  const exact = columns.filter(({ type }) => type.includes('DECIMAL(') && !type.includes('JSON'));
  if (exact.length === 0) return sources;
  const wanted = new Set(exact.map(({ name }) => name.toLowerCase()));
  const answers: Source[] = [];
  for (const source of sources) {
    const isAsked = source.format === 'ndjson' || source.format === 'json';
    const hasOne = source.columns.some(({ name }) => wanted.has(name.toLowerCase()));
    answers.push(isAsked && hasOne && source.isExact !== true ? await quoteFile(source, wanted, folder) : source);
  }
  return answers;
}

/** What may be a number of more digits than a DOUBLE holds, or a part of a text. */
const LONG = /[0-9][0-9.eE+-]{15}/;

async function mayHaveLong(file: string): Promise<boolean> {
  const input = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let tail = '';
    for (let at = 0; ;) {
      const { bytesRead } = await input.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return false;
      const text = tail + buffer.toString('latin1', 0, bytesRead);
      if (LONG.test(text)) return true;
      tail = text.slice(-EXACT_DIGITS);
      at += bytesRead;
    }
  } finally {
    await input.close();
  }
}

async function quoteFile(source: Source, wanted: ReadonlySet<string>, folder: string): Promise<Source> {
  if (!(await mayHaveLong(source.file))) return { ...source, isExact: true };
  const file = `${folder}/${source.object}.exact`;
  const quoter = new NumberQuoter(wanted, source.format === 'json' ? 2 : 1);
  const [input, output] = [await open(source.file), await open(file, 'w')];
  let bytes = 0;
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = 0, length = -1; length !== 0; at += length) {
      ({ bytesRead: length } = await input.read(buffer, 0, buffer.length, at));
      const piece = length === 0 ? quoter.end() : quoter.push(buffer.subarray(0, length));
      await writeAt(output, piece, bytes);
      bytes += piece.length;
    }
  } finally {
    await input.close();
    await output.close();
  }
  if (quoter.quoted > 0) return { ...source, file, bytes, isExact: true };
  await rm(file);
  return { ...source, isExact: true };
}

/** Puts quotes around long numbers under some keys of the objects at a depth. What is no JSON goes through as it is. */
class NumberQuoter {
  quoted = 0;
  #depth = 0;
  #isQuoted = false;
  #isEscaped = false;
  #isWanted = false;
  #text: number[] = [];
  #number: number[] = [];
  #isTooLong = false;

  constructor(
    private readonly wanted: ReadonlySet<string>,
    private readonly keyDepth: number,
  ) {}

  push(chunk: Buffer): Buffer {
    const out: number[] = [];
    const parts: Buffer[] = [];
    for (const byte of chunk) {
      if (this.#isWanted && !this.#isQuoted && isOfNumber(byte, this.#number.length > 0 || this.#isTooLong)) {
        (this.#isTooLong ? out : this.#number).push(byte);
        if (this.#number.length > MAX_NUMBER) {
          out.push(...this.#number.splice(0));
          this.#isTooLong = true;
        }
        continue;
      }
      this.#isTooLong = false;
      this.#endNumber(out);
      this.#step(byte);
      out.push(byte);
      if (out.length > CHUNK_BYTES / 8) parts.push(Buffer.from(out.splice(0)));
    }
    return Buffer.concat([...parts, Buffer.from(out)]);
  }

  end(): Buffer {
    const out: number[] = [];
    this.#endNumber(out);
    return Buffer.from(out);
  }

  #endNumber(out: number[]): void {
    if (this.#number.length === 0) return;
    const text = String.fromCharCode(...this.#number);
    const isLong = /[.eE]/.test(text) && digitsOf(text) > EXACT_DIGITS;
    if (isLong) this.quoted += 1;
    out.push(...(isLong ? [QUOTE, ...this.#number, QUOTE] : this.#number));
    this.#number = [];
  }

  #step(byte: number): void {
    if (this.#isQuoted) return this.#stepText(byte);
    if (byte === QUOTE) {
      this.#isQuoted = true;
      this.#text = [];
    } else if (byte === OPEN || byte === BRACE_OPEN) this.#depth += 1;
    else if (byte === CLOSE || byte === BRACE_CLOSE) this.#depth -= 1;
    if (this.#depth > this.keyDepth) return;
    if (byte === COLON) this.#isWanted = this.wanted.has(keyOf(this.#text));
    else if (byte === COMMA || byte === BRACE_OPEN || byte === BRACE_CLOSE) this.#isWanted = false;
  }

  #stepText(byte: number): void {
    if (!this.#isEscaped && byte === QUOTE) this.#isQuoted = false;
    else if (this.#depth === this.keyDepth) this.#text.push(byte);
    this.#isEscaped = !this.#isEscaped && byte === BACKSLASH;
  }
}

/** Digits that tell a number's value. Zeros at the end of one with an exponent do not; without one they are written out, and read digit by digit. */
function digitsOf(text: string): number {
  const digits = text.replace(/[eE].*|[^0-9]/g, '').replace(/^0+/, '');
  return (/[eE]/.test(text) ? digits.replace(/0+$/, '') : digits).length;
}

function isOfNumber(byte: number, hasBegun: boolean): boolean {
  const isDigit = (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
  return isDigit || (hasBegun && (byte === 0x2e || byte === 0x2b || byte === 0x65 || byte === 0x45));
}

/** Lower case; with its escapes read. */
function keyOf(bytes: readonly number[]): string {
  const text = Buffer.from(bytes).toString('utf8');
  if (!text.includes('\\')) return text.toLowerCase();
  try {
    return String(JSON.parse(`"${text}"`)).toLowerCase();
  } catch {
    return text.toLowerCase();
  }
}
