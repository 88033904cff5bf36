import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { SluiceError } from '../errors.js';

/** The code of a failed system call, such as ENOENT; undefined for any other thing. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Writes all bytes at a place in a file. SCRATCH_FULL when the disk or the quota is at its end. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
      at += bytesWritten;
    }
  } catch (error) {
    throw toScratchError(error);
  }
}

/** Writes chunks one behind the other from the file's beginning. SCRATCH_FULL as above. */
export async function writeChunks(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (total === 0) return;
  const { bytesWritten } = await file.writev([...chunks], 0).catch((error: unknown) => {
    throw toScratchError(error);
  });
  // A disk that fills up writes a part; what is missing then is refused with the right error.
  if (bytesWritten < total) await writeAt(file, Buffer.concat(chunks).subarray(bytesWritten), bytesWritten);
}

/** ENOSPC and EDQUOT as SCRATCH_FULL; anything else as it is. */
export function toScratchError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new SluiceError('SCRATCH_FULL', `expected room on the disk, got ${code}`, { cause: error });
}

/** Opens a local file to be written. SCRATCH_FULL as above; INTERNAL when its folder is not there or not ours. */
export async function openLocal(path: string, flags: 'w' | 'w+'): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    const failed = toScratchError(error);
    if (failed instanceof SluiceError) throw failed;
    const message = `expected to write the local file ${path}, got ${errnoOf(error)}`;
    throw new SluiceError('INTERNAL', message, { cause: error, facts: { file: path } });
  }
}

/** A running SHA-256 over a file's bytes, fed by ranges in order. */
export interface FileHash {
  /** Reads the file from where the last call ended up to, not including, `end`. */
  advance(end: number): Promise<void>;
  /** Hex. */
  digest(): string;
}

const READ_BYTES = 1024 * 1024;

/** Starts at the file's first byte. */
export function hashFile(file: FileHandle): FileHash {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let at = 0;
  return {
    advance: async (end) => {
      while (at < end) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, end - at), at);
        if (bytesRead === 0) throw new SluiceError('INTERNAL', `expected ${end} bytes in the scratch file, got ${at}`);
        hash.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    },
    digest: () => hash.digest('hex'),
  };
}

/** SHA-256 of a whole file, hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const file = await open(path);
  try {
    const hash = hashFile(file);
    await hash.advance((await file.stat()).size);
    return hash.digest();
  } finally {
    await file.close();
  }
}

/** Copies an open file's bytes into a file of this path, replacing it; resolves with their number and SHA-256 (hex). */
export async function copyHashed(
  source: FileHandle,
  path: string,
  signal?: AbortSignal,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const target = await openLocal(path, 'w');
  try {
    for (let bytes = 0; ;) {
      signal?.throwIfAborted();
      const { bytesRead } = await source.read(buffer, 0, READ_BYTES, bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      await writeAt(target, chunk, bytes);
      bytes += bytesRead;
    }
  } finally {
    await target.close();
  }
}

/**
 * The same of a small file, which is read once, shown and written once: a large buffer and a call that finds the end would cost more than
 * its bytes. A file that ends before `size` bytes is copied up to its end.
 */
export async function copySmall(
  source: FileHandle,
  path: string,
  { size, onBytes }: { readonly size: number; readonly onBytes?: ((chunks: readonly Buffer[]) => void) | undefined },
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const buffer = Buffer.allocUnsafe(size);
  let bytes = 0;
  while (bytes < size) {
    const { bytesRead } = await source.read(buffer, bytes, size - bytes, bytes);
    if (bytesRead === 0) break;
    bytes += bytesRead;
  }
  const whole = buffer.subarray(0, bytes);
  if (bytes === size) onBytes?.([whole]);
  const target = await openLocal(path, 'w');
  try {
    await writeAt(target, whole, 0);
  } finally {
    await target.close();
  }
  return { bytes, sha256: createHash('sha256').update(whole).digest('hex') };
}
