import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gunzip } from 'node:zlib';
import { SluiceError } from '../../shared/errors.js';
import { hasCode } from './fileErrors.js';

/** Files up to this size are unpacked in memory: streams cost more than the work. */
const SMALL_BYTES = 1 << 20;
/** What a small file may grow to in memory. */
const SMALL_OUTPUT_BYTES = 1 << 26;
const CHUNK_BYTES = 1 << 18;

/**
 * Writes the plain bytes of a gzip file (of one or more members) to `to`, proven by their checksums: DuckDB itself reads
 * a cut or flipped gzip without an error. Errors: OBJECT_TRUNCATED, OBJECT_CORRUPT with the place, SCRATCH_FULL.
 */
export async function gunzipFile(
  from: string,
  to: string,
  options: { size: number; signal?: AbortSignal },
): Promise<void> {
  const { size, signal } = options;
  if (size <= SMALL_BYTES) {
    const plain = await gunzipSmall(await readFile(from));
    if (plain !== undefined) return writeFile(to, plain).catch(refuseFull);
  }
  const unpack = createGunzip({ chunkSize: CHUNK_BYTES });
  let bytesOut = 0;
  unpack.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length;
  });
  const read = createReadStream(from, { highWaterMark: CHUNK_BYTES });
  const write = createWriteStream(to, { highWaterMark: CHUNK_BYTES });
  try {
    await pipeline(read, unpack, write, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
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

/** The plain bytes; undefined where the streaming way must tell the place of the fault, or memory is too small. */
function gunzipSmall(bytes: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    gunzip(bytes, { maxOutputLength: SMALL_OUTPUT_BYTES }, (error, plain) =>
      resolve(error === null ? plain : undefined),
    );
  });
}

function refuseFull(error: unknown): never {
  if (hasCode(error, 'ENOSPC'))
    throw new SluiceError('SCRATCH_FULL', 'expected room in scratch, got none', { cause: error });
  throw error;
}
