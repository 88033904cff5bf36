import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip, gunzipSync } from 'node:zlib';
import { SluiceError } from '../../shared/errors.js';
import { hasCode } from './fileErrors.js';

/** Up to this size the way to another thread costs more than the work. */
const TINY_BYTES = 1 << 17;
/** What a file may grow to in memory. */
const SMALL_OUTPUT_BYTES = 1 << 26;
const CHUNK_BYTES = 1 << 18;
const gunzipAsync = promisify(gunzip);

/** What a file was unpacked to: always to `file`; its bytes too where they fit in memory. */
export interface Unpacked {
  readonly file: string;
  readonly bytes?: Buffer;
}

/**
 * Writes the plain bytes of a gzip file (of one or more members) to `to`, proven by their checksums: DuckDB itself reads
 * a cut or flipped gzip without an error. `bytes`: the packed bytes, where they are in memory already.
 * Errors: OBJECT_TRUNCATED, OBJECT_CORRUPT with the place, SCRATCH_FULL.
 */
export async function gunzipFile(
  from: { readonly file: string; readonly size: number; readonly bytes?: Buffer },
  to: string,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const bytes = from.bytes === undefined ? undefined : await gunzipSmall(from.bytes);
  if (bytes === undefined) await streamFile(from, to, signal);
  else await writeFile(to, bytes).catch(refuseFull);
  return { file: to, ...(bytes === undefined ? {} : { bytes }) };
}

async function streamFile(
  { file, size }: { readonly file: string; readonly size: number },
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const unpack = createGunzip({ chunkSize: CHUNK_BYTES });
  let bytesOut = 0;
  unpack.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length;
  });
  const read = createReadStream(file, { highWaterMark: CHUNK_BYTES });
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
async function gunzipSmall(packed: Buffer): Promise<Buffer | undefined> {
  // The last four bytes of a member are its length; a wrong one costs time only.
  const length = packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4);
  const options = {
    maxOutputLength: SMALL_OUTPUT_BYTES,
    chunkSize: Math.max(1 << 10, Math.min(length + 1, SMALL_OUTPUT_BYTES)),
  };
  try {
    return packed.length <= TINY_BYTES ? gunzipSync(packed, options) : await gunzipAsync(packed, options);
  } catch {
    return undefined;
  }
}

function refuseFull(error: unknown): never {
  if (hasCode(error, 'ENOSPC'))
    throw new SluiceError('SCRATCH_FULL', 'expected room in scratch, got none', { cause: error });
  throw error;
}
