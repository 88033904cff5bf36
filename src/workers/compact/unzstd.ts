import { type FileHandle, open, rm } from 'node:fs/promises';
import { Decompress } from 'fzstd';
import { SluiceError } from '../../shared/errors.js';
import { writeAt } from '../../shared/stores/files.js';
import { XxHash64 } from './xxhash64.js';

const FRAME = 0xfd2fb528;
const SKIPPED = 0x184d2a50;
/** A block holds at most this much, packed or not. */
const BLOCK_BYTES = 1 << 17;
const MAX_HEADER_BYTES = 18;

/** Unpacked, a file may have this many times its size, or this many bytes where that is more. */
const BOMB = { ratio: 200, bytes: 4e9 } as const;

interface Reader {
  readonly handle: FileHandle;
  readonly size: number;
  at: number;
}

interface Writer {
  readonly handle: FileHandle;
  readonly limit: number;
  bytes: number;
}

interface FrameHeader {
  readonly bytes: number;
  readonly hasChecksum: boolean;
  readonly contentBytes?: number;
}

/**
 * Writes the plain bytes of a zstd file (of one or more frames, RFC 8878) to `to`, block by block. The engine takes a cut
 * one for whole: here every frame must be there to its last block, and its length and checksum must fit where it has them.
 * Errors: OBJECT_TRUNCATED and OBJECT_CORRUPT with the place, SCRATCH_FULL.
 */
export async function unzstdFile(
  from: { readonly file: string; readonly size: number },
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  const input = await open(from.file);
  const output = await open(to, 'w');
  try {
    const reader: Reader = { handle: input, size: from.size, at: 0 };
    const writer: Writer = { handle: output, limit: Math.max(from.size * BOMB.ratio, BOMB.bytes), bytes: 0 };
    while (reader.at < reader.size) {
      signal?.throwIfAborted();
      await unpackFrame(reader, writer);
    }
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  } finally {
    await input.close();
    await output.close();
  }
}

async function unpackFrame(reader: Reader, writer: Writer): Promise<void> {
  const start = reader.at;
  const magic = (await peek(reader, 4)).readUInt32LE(0);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPED) {
    const length = (await peek(reader, 8)).readUInt32LE(4);
    if (start + 8 + length > reader.size) throw truncated(reader);
    reader.at += 8 + length;
    return;
  }
  if (magic !== FRAME) throw corrupt(start, `expected a frame of zstd, got ${hex(magic)}`);
  const header = await readFrameHeader(reader);
  const frame = new FrameContent();
  frame.push(await take(reader, header.bytes), start);
  for (let isLast = false; !isLast;) {
    const place = reader.at;
    const head = (await peek(reader, 3)).readUIntLE(0, 3);
    const [type, length] = [(head >> 1) & 3, head >> 3];
    if (type === 3 || length > BLOCK_BYTES) throw corrupt(place, 'expected a block of zstd, got none');
    isLast = (head & 1) === 1;
    const block = await take(reader, 3 + (type === 1 ? 1 : length));
    // a frame of a few bytes comes out only when its end was seen
    const end = isLast && header.hasChecksum ? await take(reader, 4) : Buffer.alloc(0);
    frame.push(Buffer.concat([block, end]), place, isLast);
    await writeParts(writer, frame.takeParts(), reader);
    if (end.length > 0) checkHash(end.readUInt32LE(0), frame.hash.low32(), reader.at - 4);
  }
  const { contentBytes = frame.bytes } = header;
  if (contentBytes !== frame.bytes)
    throw corrupt(start, `expected ${contentBytes} bytes in the frame, got ${frame.bytes}`);
}

function checkHash(want: number, got: number, place: number): void {
  if (want !== got) throw corrupt(place, `expected checksum ${hex(want)} of the frame, got ${hex(got)}`);
}

/** The plain bytes of one frame as they come out. */
class FrameContent {
  readonly hash = new XxHash64();
  bytes = 0;
  #parts: Uint8Array[] = [];
  readonly #stream = new Decompress((part) => {
    this.hash.update(part);
    this.bytes += part.length;
    this.#parts.push(part);
  });

  push(packed: Uint8Array, place: number, isLast = false): void {
    try {
      this.#stream.push(packed, isLast);
    } catch (error) {
      throw corrupt(place, `expected sound zstd data, got "${error instanceof Error ? error.message : 'none'}"`);
    }
  }

  takeParts(): readonly Uint8Array[] {
    return this.#parts.splice(0);
  }
}

async function writeParts(writer: Writer, parts: readonly Uint8Array[], { at, size }: Reader): Promise<void> {
  for (const part of parts) {
    writer.bytes += part.length;
    if (writer.bytes > writer.limit) {
      throw corrupt(at, `expected at most ${writer.limit} bytes of data in ${size} bytes of zstd, got more`);
    }
    await writeAt(writer.handle, part, writer.bytes - part.length);
  }
}

/** RFC 8878, 3.1.1.1. */
async function readFrameHeader(reader: Reader): Promise<FrameHeader> {
  const held = await peek(reader, 5);
  const descriptor = held.readUInt8(4);
  const isSingle = (descriptor & 32) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeField = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (dictionary > 0) throw corrupt(reader.at, 'expected zstd without a dictionary, got one');
  const bytes = 5 + (isSingle ? 0 : 1) + sizeField;
  const hasChecksum = (descriptor & 4) !== 0;
  if (sizeField === 0) return { bytes, hasChecksum };
  const header = await peek(reader, Math.min(bytes, MAX_HEADER_BYTES));
  const at = bytes - sizeField;
  const length =
    sizeField === 8
      ? Number(header.readBigUInt64LE(at))
      : header.readUIntLE(at, sizeField) + (sizeField === 2 ? 256 : 0);
  return { bytes, hasChecksum, contentBytes: length };
}

async function peek(reader: Reader, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await reader.handle.read(buffer, 0, length, reader.at);
  if (bytesRead < length) throw truncated(reader);
  return buffer;
}

async function take(reader: Reader, length: number): Promise<Buffer> {
  const buffer = await peek(reader, length);
  reader.at += length;
  return buffer;
}

function truncated({ at, size }: Reader): SluiceError {
  return new SluiceError(
    'OBJECT_TRUNCATED',
    `expected the end of the zstd frame, got the end of the file at byte ${size} (its last whole block ends at byte ${at})`,
  );
}

function corrupt(place: number, what: string): SluiceError {
  return new SluiceError('OBJECT_CORRUPT', `${what} (byte ${place})`);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
