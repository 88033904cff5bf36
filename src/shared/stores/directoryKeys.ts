import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SluiceError } from '../errors.js';
import { errnoOf } from './files.js';
import { isInside } from './keys.js';

export { PRIVATE_FOLDER } from './keys.js';

/**
 * The path of a key when its folder is there and no symbolic link leads to it; undefined otherwise. A path without links
 * is its own real path, so one question settles every segment.
 */
export async function findPath(root: string, key: string): Promise<string | undefined> {
  if (!isInside(key)) return undefined;
  const path = join(root, key);
  const folder = dirname(path);
  const real = await realpath(folder).catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
  return real === folder ? path : undefined;
}

/** Throws STORE_DENIED for a key that this store must not write. */
export function requireInside(root: string, key: string): void {
  if (isInside(key)) return;
  throw denied(`expected a key of a place inside ${root}, got ${JSON.stringify(key)}`, { bucket: root, key });
}

/** True for the system's ways to say that there is nothing under a path. */
export function isAbsence(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP';
}

/** A refusal, with the place. */
export function denied(message: string, facts: { bucket: string; key: string }, cause?: unknown): SluiceError {
  return new SluiceError('STORE_DENIED', message, { facts, cause });
}
