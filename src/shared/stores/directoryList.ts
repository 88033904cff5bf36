import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_FOLDER, findPath, isAbsence } from './directoryKeys.js';
import { compareKeys } from './keys.js';

/** Why something in the directory is no object. */
export type SkipReason = 'symbolic link' | 'name is not UTF-8' | 'not a regular file';

/** A walk over a directory's files. */
export interface Walk {
  readonly root: string;
  readonly prefix: string;
  /** Empty for all. */
  readonly startAfter: string;
  /** Names of one folder that are kept in memory at a time; a larger folder is read again for the next ones. */
  readonly namesAtOnce: number;
  readonly signal?: AbortSignal | undefined;
  readonly onSkip: (path: string, reason: SkipReason) => void;
}

interface Entry {
  /** The name's bytes, one a character, with a slash after a folder's: in this form plain order is the order of keys. */
  readonly order: string;
  readonly isFolder: boolean;
}

/** The keys of the regular files under the prefix, in UTF-8 byte order. Links are not followed, drafts are not shown. */
export async function* walkKeys(walk: Walk): AsyncGenerator<string> {
  const base = walk.prefix.slice(0, walk.prefix.lastIndexOf('/') + 1);
  // The path of anything in the folder is found only when no link leads there.
  if (base === '' || (await findPath(walk.root, `${base}x`)) !== undefined) yield* walkFolder(walk, base);
}

async function* walkFolder(walk: Walk, folder: string): AsyncGenerator<string> {
  let after = '';
  for (;;) {
    walk.signal?.throwIfAborted();
    const { entries, isLast } = await readEntries(walk, folder, after);
    for (const { order, isFolder } of entries) {
      const key = folder + Buffer.from(order, 'latin1').toString('utf8');
      if (!isFolder && isListed(walk, key)) yield key;
      if (isFolder && mayHold(walk, key)) yield* walkFolder(walk, key);
    }
    if (isLast) return;
    after = entries.at(-1)?.order ?? after;
  }
}

function isListed({ prefix, startAfter }: Walk, key: string): boolean {
  return key.startsWith(prefix) && (startAfter === '' || compareKeys(key, startAfter) > 0);
}

function mayHold({ prefix, startAfter }: Walk, folder: string): boolean {
  if (folder === `${PRIVATE_FOLDER}/`) return false;
  const isUnderPrefix = folder.startsWith(prefix) || prefix.startsWith(folder);
  return isUnderPrefix && (startAfter.startsWith(folder) || compareKeys(folder, startAfter) > 0);
}

/** The first entries of a folder after one of them, in order. A folder that has gone meanwhile is empty. */
async function readEntries(
  walk: Walk,
  folder: string,
  after: string,
): Promise<{ readonly entries: readonly Entry[]; readonly isLast: boolean }> {
  const path = join(walk.root, folder);
  const limit = walk.namesAtOnce;
  let entries: Entry[] = [];
  let isLast = true;
  const keepFirst = () => {
    entries.sort((a, b) => (a.order < b.order ? -1 : 1));
    if (entries.length <= limit) return;
    entries = entries.slice(0, limit);
    isLast = false;
  };
  try {
    for await (const found of await opendir(path, { encoding: 'latin1', bufferSize: 1024 })) {
      const entry = await readEntry(walk, path, found);
      if (entry !== undefined && entry.order > after) entries.push(entry);
      if (entries.length >= 2 * limit) keepFirst();
    }
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  keepFirst();
  return { entries, isLast };
}

async function readEntry(walk: Walk, folder: string, found: Dirent): Promise<Entry | undefined> {
  const bytes = Buffer.from(found.name, 'latin1');
  const path = join(folder, bytes.toString('utf8'));
  if (!isUtf8(bytes)) return void walk.onSkip(path, 'name is not UTF-8');
  // Some file systems do not tell the kind with the name.
  const isTold = found.isFile() || found.isDirectory() || found.isSymbolicLink();
  const kind = isTold ? found : await lstat(path).catch(() => found);
  if (kind.isSymbolicLink()) return void walk.onSkip(path, 'symbolic link');
  if (kind.isDirectory()) return { order: `${found.name}/`, isFolder: true };
  if (kind.isFile()) return { order: found.name, isFolder: false };
  return void walk.onSkip(path, 'not a regular file');
}
