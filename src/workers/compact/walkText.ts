import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
/** A record longer than this is left to the parser of the engine. */
const MAX_RECORD_BYTES = 1 << 23;
const NEWLINE = 0x0a;

/** Goes through the records of a text, piece by piece. */
export interface RecordWalker {
  /**
   * Takes bytes that end in a newline and answers how many of them it is done with: the rest comes again, with what
   * follows it. Undefined: this text is not plain enough to be told without a parser.
   */
  walk(bytes: Buffer): number | undefined;
}

/** Whether a whole text file, or its bytes where they are in memory, went through the walker; and whether it ends in a newline. */
export async function walkText(
  text: string | Buffer,
  walker: RecordWalker,
): Promise<{ endsInLine: boolean } | undefined> {
  const rest = typeof text === 'string' ? await walkFile(text, walker) : walkPiece(text, walker);
  if (rest === undefined) return undefined;
  if (rest.length === 0) return { endsInLine: true };
  const line = Buffer.concat([rest, Buffer.of(NEWLINE)]);
  return walker.walk(line) === line.length ? { endsInLine: false } : undefined;
}

/** What is left of a piece: the beginning of a record. */
function walkPiece(bytes: Buffer, walker: RecordWalker): Buffer | undefined {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const done = end === 0 ? 0 : walker.walk(bytes.subarray(0, end));
  return done === undefined ? undefined : bytes.subarray(done);
}

async function walkFile(file: string, walker: RecordWalker): Promise<Buffer | undefined> {
  const handle = await open(file);
  try {
    let buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
    for (let kept = 0, at = 0; ;) {
      const { bytesRead } = await handle.read(buffer, kept, CHUNK_BYTES, at);
      const piece = buffer.subarray(0, kept + bytesRead);
      if (bytesRead === 0) return piece;
      const rest = walkPiece(piece, walker);
      if (rest === undefined || rest.length > MAX_RECORD_BYTES) return undefined;
      const next = rest.length + CHUNK_BYTES > buffer.length ? Buffer.allocUnsafe(2 * buffer.length) : buffer;
      rest.copy(next);
      buffer = next;
      kept = rest.length;
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
