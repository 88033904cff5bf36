import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
const HEAD_BYTES = 1 << 16;
const [NEWLINE, RETURN, QUOTE, BACKSLASH] = [0x0a, 0x0d, 0x22, 0x5c];

/** What one pass over a text file tells. */
export interface TextScan {
  /** The first 64 KiB. */
  readonly head: Buffer;
  readonly newlines: number;
  readonly endsInLine: boolean;
  /** True where a newline is not always the end of one row: quotes, blank lines, lone carriage returns. */
  readonly hasOddLines: boolean;
  /** Byte of the first NUL, plain or as a JSON escape. */
  readonly nulAt?: number;
}

/** Scans a plain text file. `escapes`: whether backslash-u0000 is a NUL too. */
export async function scanText(file: string, { escapes }: { escapes: boolean }): Promise<TextScan> {
  const handle = await open(file);
  try {
    return await scan(handle, escapes);
  } finally {
    await handle.close();
  }
}

async function scan(handle: FileHandle, escapes: boolean): Promise<TextScan> {
  const { size } = await handle.stat();
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size, 1)));
  let [head, newlines, hasOddLines, last, nulAt] = [Buffer.alloc(0), 0, false, 0, -1];
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    if (at === 0) head = Buffer.from(chunk.subarray(0, HEAD_BYTES));
    if (nulAt < 0) {
      const found = findNul(chunk, escapes);
      if (found >= 0) nulAt = at + found;
    }
    hasOddLines ||= isOdd(chunk, last);
    newlines += countNewlines(chunk);
    last = chunk[bytesRead - 1] ?? 0;
    at += bytesRead;
  }
  return { head, newlines, endsInLine: last === NEWLINE, hasOddLines, ...(nulAt < 0 ? {} : { nulAt }) };
}

function countNewlines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

function isOdd(chunk: Buffer, last: number): boolean {
  if (chunk.includes(QUOTE) || chunk.includes('\n\n') || chunk.includes('\n\r')) return true;
  if ((last === NEWLINE || last === 0) && (chunk[0] === NEWLINE || chunk[0] === RETURN)) return true;
  for (let at = chunk.indexOf(RETURN); at >= 0; at = chunk.indexOf(RETURN, at + 1)) {
    if (at + 1 < chunk.length && chunk[at + 1] !== NEWLINE) return true;
  }
  return last === RETURN && chunk[0] !== NEWLINE;
}

function findNul(chunk: Buffer, escapes: boolean): number {
  const plain = chunk.indexOf(0);
  if (plain >= 0 || !escapes) return plain;
  for (let at = chunk.indexOf('\\u0000'); at >= 0; at = chunk.indexOf('\\u0000', at + 1)) {
    let before = at;
    while (before > 0 && chunk[before - 1] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) return at;
  }
  return -1;
}
