import { createReadStream, createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip, gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { SluiceError, isSluiceError } from '../../shared/errors.js';
import { hasCode } from './fileErrors.js';

/** Up to this size the way to another thread costs more than the work. */
const TINY_BYTES = 1 << 17;
/** What a file may grow to in memory. */
const SMALL_OUTPUT_BYTES = 1 << 26;
const CHUNK_BYTES = 1 << 18;
/** A file that grows to more than both is taken for one that was made to fill the disk. */
const BOMB = { ratio: 200, bytes: 4e9 } as const;
const gunzipAsync = promisify(gunzip);
/** What the unpacker answers when it is asked for how much it read, too. */
const infoSchema = z.object({ buffer: z.instanceof(Buffer), engine: z.object({ bytesWritten: z.number() }) });

/** What a file was unpacked to: always to `file`; its bytes too where they fit in memory. */
export interface Unpacked {
  readonly file: string;
  readonly bytes?: Buffer;
}

/** Unpacked, a file may have this many times its size, or this many bytes where that is more. */
export interface Bomb {
  readonly ratio: number;
  readonly bytes: number;
}

/**
 * Writes the plain bytes of a gzip file (of one or more members) to `to`, proven by their checksums: DuckDB itself reads
 * a cut or flipped gzip without an error. `bytes`: the packed bytes, where they are in memory already.
 * Errors: OBJECT_TRUNCATED, OBJECT_CORRUPT with the place or when it grows beyond `bomb`, SCRATCH_FULL.
 */
export async function gunzipFile(
  from: { readonly file: string; readonly size: number; readonly bytes?: Buffer },
  to: string,
  signal?: AbortSignal,
  bomb: Bomb = BOMB,
): Promise<Unpacked> {
  const bytes = from.bytes === undefined ? undefined : await gunzipSmall(from.bytes);
  if (bytes === undefined) await streamFile(from, to, { bomb, ...(signal === undefined ? {} : { signal }) });
  else await writeFile(to, bytes).catch(refuseFull);
  return { file: to, ...(bytes === undefined ? {} : { bytes }) };
}

async function streamFile(
  { file, size }: { readonly file: string; readonly size: number },
  to: string,
  { bomb, signal }: { readonly bomb: Bomb; readonly signal?: AbortSignal },
): Promise<void> {
  const limit = Math.max(size * bomb.ratio, bomb.bytes);
  const unpack = createGunzip({ chunkSize: CHUNK_BYTES });
  let bytesOut = 0;
  unpack.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length;
    if (bytesOut > limit) unpack.destroy(tooLarge(size, limit));
  });
  const read = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const write = createWriteStream(to, { highWaterMark: CHUNK_BYTES });
  try {
    await pipeline(read, unpack, write, signal === undefined ? {} : { signal });
    await refuseRest(file, unpack.bytesWritten, size);
  } catch (error) {
    signal?.throwIfAborted();
    if (isSluiceError(error)) {
      await rm(to, { force: true });
      throw error;
    }
    if (hasCode(error, 'Z_BUF_ERROR')) {
      throw new SluiceError(
        'OBJECT_TRUNCATED',
        `expected the end of the gzip stream, got the end of the file at byte ${size} (${bytesOut} bytes of data before it)`,
      );
    }
    if (hasCode(error, 'Z_DATA_ERROR')) {
      throw new SluiceError(
        'OBJECT_CORRUPT',
        `expected sound gzip data, got "${error.message}" after byte ${unpack.bytesWritten} of ${size} (${bytesOut} bytes of data before it)`,
      );
    }
    refuseFull(error);
  }
}

/** The unpacker ends at the first byte that begins no member: only zeros may follow (tape blocks), else members would be lost. */
async function refuseRest(file: string, from: number, size: number): Promise<void> {
  if (from >= size) return;
  for await (const chunk of createReadStream(file, { start: from })) {
    if (!isZero(chunk)) throw notMember(from);
  }
}

function isZero(bytes: unknown): boolean {
  return Buffer.isBuffer(bytes) && bytes.every((byte) => byte === 0);
}

function notMember(place: number): SluiceError {
  return new SluiceError(
    'OBJECT_CORRUPT',
    `expected the end of the file or another gzip member at byte ${place}, got other bytes`,
  );
}

function tooLarge(size: number, limit: number): SluiceError {
  return new SluiceError(
    'OBJECT_CORRUPT',
    `expected at most ${limit} bytes of data in ${size} bytes of gzip, got more`,
  );
}

/** The plain bytes; undefined where the streaming way must tell the place of the fault, or memory is too small. */
async function gunzipSmall(packed: Buffer): Promise<Buffer | undefined> {
  // The last four bytes of a member are its length; a wrong one costs time only.
  const length = packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4);
  const options = {
    info: true,
    maxOutputLength: SMALL_OUTPUT_BYTES,
    chunkSize: Math.max(1 << 10, Math.min(length + 1, SMALL_OUTPUT_BYTES)),
  };
  try {
    const answer: unknown =
      packed.length <= TINY_BYTES ? gunzipSync(packed, options) : await gunzipAsync(packed, options);
    const { buffer, engine } = infoSchema.parse(answer);
    return isZero(packed.subarray(engine.bytesWritten)) ? buffer : undefined;
  } catch {
    return undefined;
  }
}

function refuseFull(error: unknown): never {
  if (hasCode(error, 'ENOSPC'))
    throw new SluiceError('SCRATCH_FULL', 'expected room in scratch, got none', { cause: error });
  throw error;
}
