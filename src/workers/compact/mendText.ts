import { open, rm } from 'node:fs/promises';
import { writeAt } from '../../shared/stores/files.js';
import type { Refusal, Source } from './sources.js';

const CHUNK_BYTES = 1 << 20;
/** The lines of larger texts of JSON are too many to be kept. */
const MAX_BYTES = 1 << 29;
const [NEWLINE, RETURN, QUOTE, SPACE, BACKSLASH, TAB] = [0x0a, 0x0d, 0x22, 0x20, 0x5c, 0x09];
/** RECORD stands before each object in a text sequence (RFC 7464). */
const [OPEN, CLOSE, BRACE_OPEN, BRACE_CLOSE, RECORD] = [0x5b, 0x5d, 0x7b, 0x7d, 0x1e];

/** Rewrites a text piece by piece; undefined from `push`: it is not to be rewritten. */
interface Rewriter {
  push(chunk: Buffer): Buffer | undefined;
  /** Whether the rewritten text is whole, and another one. */
  end(): boolean;
  /** The line of the given text that each record begins in. */
  readonly lines?: readonly number[];
}

/**
 * A text that the engine refuses although it is sound: CSV whose lines end now in one way and now in another, objects of JSON that go on
 * over several lines or stand behind each other on one. Written anew beside it, as the engine reads it; no value changes. Undefined where
 * something else is wrong with it: the engine has to say what.
 */
export async function mendText(source: Source, { code }: Refusal, folder: string): Promise<Source | undefined> {
  if (source.isMended === true || !['OBJECT_UNREADABLE', 'OBJECT_TRUNCATED'].includes(code)) return undefined;
  if (source.format !== 'csv' && source.format !== 'ndjson') return undefined;
  if (source.format === 'ndjson' && source.bytes > MAX_BYTES) return undefined;
  const rewriter: Rewriter = source.format === 'csv' ? new LineEnds(source.delimiter.charCodeAt(0)) : new ObjectLines();
  const file = `${folder}/${source.object}.mended`;
  const bytes = await rewrite(source.file, file, rewriter);
  if (bytes === undefined) {
    await rm(file, { force: true });
    return undefined;
  }
  const mended = { ...source, file, bytes, isMended: true };
  return source.format === 'csv' ? mended : { ...mended, aside: { rows: 0, lines: rewriter.lines ?? [] } };
}

async function rewrite(from: string, to: string, rewriter: Rewriter): Promise<number | undefined> {
  const [input, output] = [await open(from), await open(to, 'w')];
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    for (let at = 0; ;) {
      const { bytesRead } = await input.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return rewriter.end() ? bytes : undefined;
      const piece = rewriter.push(buffer.subarray(0, bytesRead));
      if (piece === undefined) return undefined;
      await writeAt(output, piece, bytes);
      bytes += piece.length;
      at += bytesRead;
    }
  } finally {
    await input.close();
    await output.close();
  }
}

/** Makes every end of a line of CSV a newline, outside quoted values. A return alone may be a line's end or a part of a value: nobody can tell. */
class LineEnds implements Rewriter {
  #state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  #hasReturn = false;
  #returns = 0;
  #newlines = 0;

  constructor(private readonly delimiter: number) {}

  push(chunk: Buffer): Buffer | undefined {
    // A return at the end of the chunk before may be a value's.
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let to = 0;
    for (const byte of chunk) {
      if (this.#hasReturn && byte !== NEWLINE) return undefined;
      if (byte === RETURN && this.#state !== 'quoted') {
        this.#hasReturn = true;
        continue;
      }
      if (byte === NEWLINE && this.#state !== 'quoted') this.#countEnd();
      this.#state = this.#next(byte);
      out[to++] = byte;
    }
    return out.subarray(0, to);
  }

  end(): boolean {
    return !this.#hasReturn && this.#returns > 0 && this.#newlines > 0;
  }

  #countEnd(): void {
    if (this.#hasReturn) this.#returns += 1;
    else this.#newlines += 1;
    this.#hasReturn = false;
  }

  #next(byte: number): 'start' | 'plain' | 'quoted' | 'closed' {
    if (this.#state === 'quoted') return byte === QUOTE ? 'closed' : 'quoted';
    if (byte === this.delimiter || byte === NEWLINE) return 'start';
    if (byte === QUOTE && this.#state !== 'plain') return 'quoted';
    return byte === SPACE && this.#state !== 'plain' ? this.#state : 'plain';
  }
}

/** Puts each object of a text of JSON on a line of its own. Anything else at the top, and an object that does not end, is no such text. */
class ObjectLines implements Rewriter {
  readonly lines: number[] = [];
  #depth = 0;
  #isQuoted = false;
  #isEscaped = false;
  #line = 1;
  #isChanged = false;
  #lastLine = 0;

  push(chunk: Buffer): Buffer | undefined {
    // Objects of two bytes each get a newline.
    const out = Buffer.allocUnsafe(chunk.length * 2);
    let to = 0;
    for (const byte of chunk) {
      if (byte === NEWLINE) this.#line += 1;
      this.#isChanged ||= this.#depth === 0 && byte === RECORD;
      if (this.#depth === 0 && (isBlank(byte) || byte === RECORD)) continue;
      if (!this.#step(byte)) return undefined;
      out[to++] = byte === NEWLINE || byte === RETURN ? SPACE : byte;
      if (this.#depth === 0) out[to++] = NEWLINE;
    }
    return out.subarray(0, to);
  }

  end(): boolean {
    return this.#depth === 0 && this.#isChanged;
  }

  /** False where this is no such text. */
  #step(byte: number): boolean {
    if (this.#isQuoted) {
      if (byte < SPACE) return false;
      if (!this.#isEscaped && byte === QUOTE) this.#isQuoted = false;
      this.#isEscaped = !this.#isEscaped && byte === BACKSLASH;
      return true;
    }
    if (this.#depth === 0) {
      if (byte !== BRACE_OPEN) return false;
      this.#isChanged ||= this.#line === this.#lastLine;
      this.lines.push(this.#line);
    }
    if (byte === NEWLINE) this.#isChanged = true;
    if (byte === QUOTE) this.#isQuoted = true;
    else if (byte === OPEN || byte === BRACE_OPEN) this.#depth += 1;
    else if (byte === CLOSE || byte === BRACE_CLOSE) this.#depth -= 1;
    this.#lastLine = this.#line;
    return true;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN;
}
