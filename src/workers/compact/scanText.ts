import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
const [NEWLINE, RETURN, QUOTE, BACKSLASH] = [0x0a, 0x0d, 0x22, 0x5c];

/** What one pass over a text file tells. */
export interface TextScan {
  /** Newlines, in CSV those outside double quotes. */
  readonly newlines: number;
  readonly endsInLine: boolean;
  /** True where such a newline is not always the end of one row: blank lines, lone carriage returns, an open quote. */
  readonly hasOddLines: boolean;
  /** Byte of the first NUL, plain or as a JSON escape. */
  readonly nulAt?: number;
}

/** Scans a plain text file, or its bytes where they are in memory. `escapes`: whether backslash-u0000 is a NUL too. */
export async function scanText(text: string | Buffer, { escapes }: { escapes: boolean }): Promise<TextScan> {
  const scanner = new Scanner(escapes);
  if (typeof text !== 'string') {
    scanner.push(text);
    return scanner.end();
  }
  const handle = await open(text);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return scanner.end();
      scanner.push(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

class Scanner {
  #newlines = 0;
  #hasOddLines = false;
  #isQuoted = false;
  #last = 0;
  #nulAt = -1;
  #bytes = 0;

  constructor(private readonly escapes: boolean) {}

  push(chunk: Buffer): void {
    const nul = this.#nulAt < 0 ? findNul(chunk, this.escapes) : -1;
    if (nul >= 0) this.#nulAt = this.#bytes + nul;
    this.#hasOddLines ||= isOdd(chunk, this.#last);
    this.#countNewlines(chunk);
    this.#last = chunk.at(-1) ?? this.#last;
    this.#bytes += chunk.length;
  }

  end(): TextScan {
    const nulAt = this.#nulAt < 0 ? {} : { nulAt: this.#nulAt };
    const endsInLine = this.#last === NEWLINE;
    const hasOddLines = this.#hasOddLines || this.#isQuoted;
    return { newlines: this.#newlines, endsInLine, hasOddLines, ...nulAt };
  }

  #countNewlines(chunk: Buffer): void {
    // No string of JSON goes on behind a newline.
    let quote = this.escapes ? -1 : chunk.indexOf(QUOTE);
    const passQuotes = (until: number) => {
      for (; quote >= 0 && quote < until; quote = chunk.indexOf(QUOTE, quote + 1)) this.#isQuoted = !this.#isQuoted;
    };
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
      passQuotes(at);
      if (!this.#isQuoted) this.#newlines += 1;
    }
    passQuotes(chunk.length);
  }
}

function isOdd(chunk: Buffer, last: number): boolean {
  if (chunk.includes('\n\n') || chunk.includes('\n\r')) return true;
  if ((last === NEWLINE || last === 0) && (chunk[0] === NEWLINE || chunk[0] === RETURN)) return true;
  for (let at = chunk.indexOf(RETURN); at >= 0; at = chunk.indexOf(RETURN, at + 1)) {
    if (at + 1 < chunk.length && chunk[at + 1] !== NEWLINE) return true;
  }
  return last === RETURN && chunk[0] !== NEWLINE;
}

/** The byte of the first NUL, plain or (`escapes`) as an escape of JSON; -1: none. */
export function findNul(chunk: Buffer, escapes: boolean): number {
  const plain = chunk.indexOf(0);
  if (plain >= 0 || !escapes) return plain;
  for (let at = chunk.indexOf('\\u0000'); at >= 0; at = chunk.indexOf('\\u0000', at + 1)) {
    let before = at;
    while (before > 0 && chunk[before - 1] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) return at;
  }
  return -1;
}
