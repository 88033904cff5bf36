import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../errors.js';
import { PRIVATE_FOLDER, denied, findPath, requireInside } from './directoryKeys.js';
import { errnoOf } from './files.js';

const DRAFTS = `${PRIVATE_FOLDER}/drafts`;
const STALE_DRAFT_MS = 24 * 3600 * 1000;

/** What to make of a draft: the key's new bytes, or its first. */
export interface Placement {
  readonly root: string;
  readonly key: string;
  readonly ifAbsent: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies a file to a key: into a draft, synced, then moved to its place in one step (`rename`; with `ifAbsent` `link`,
 * which fails when the name is taken). Nobody ever meets half a file. Resolves with the facts of the file that was placed.
 * Throws OBJECT_EXISTS, STORE_DENIED.
 */
export async function putIntoDirectory(file: string, placement: Placement): Promise<BigIntStats> {
  requireInside(placement.root, placement.key);
  const draft = await newDraft(placement.root);
  try {
    await copyFile(file, draft, constants.COPYFILE_FICLONE);
    await syncPath(draft);
    placement.signal?.throwIfAborted();
    const facts = await lstat(draft, { bigint: true });
    await place(draft, placement);
    return facts;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Writes a small text to a path below the root, likewise in one step; not synced. */
export async function replaceText(root: string, key: string, text: string): Promise<void> {
  const draft = await newDraft(root);
  try {
    await writeFile(draft, text);
    await makeFolders(root, key);
    await rename(draft, join(root, key));
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes drafts that a killed process left more than a day ago. */
export async function removeStaleDrafts(root: string, nowMs: number): Promise<void> {
  const folder = join(root, DRAFTS);
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) {
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > STALE_DRAFT_MS) await rm(path, { force: true });
  }
}

async function newDraft(root: string): Promise<string> {
  const key = `${DRAFTS}/${randomUUID()}`;
  await makeFolders(root, key);
  return join(root, key);
}

async function place(draft: string, { root, key, ifAbsent }: Placement): Promise<void> {
  const path = join(root, key);
  if ((await findPath(root, key)) === undefined) await makeFolders(root, key);
  try {
    await (ifAbsent ? link(draft, path) : rename(draft, path));
  } catch (error) {
    throw await toPlaceError({ root, key, ifAbsent }, error);
  }
  await syncPath(join(path, '..'));
}

async function toPlaceError({ root, key, ifAbsent }: Placement, error: unknown): Promise<unknown> {
  const facts = { bucket: root, key };
  const code = errnoOf(error);
  const standing = await lstat(join(root, key)).catch(() => undefined);
  if (standing?.isDirectory() === true) return denied(`expected room for a file at ${key}, got a folder`, facts, error);
  if (ifAbsent && code === 'EEXIST')
    return new SluiceError('OBJECT_EXISTS', `expected no such key, got a file at ${key}`, { facts, cause: error });
  return error;
}

/** Makes the folders of a key one by one; a symbolic link or a file among them is STORE_DENIED, for it would lead elsewhere. */
async function makeFolders(root: string, key: string): Promise<void> {
  let folder = root;
  for (const segment of key.split('/').slice(0, -1)) {
    const parent = folder;
    folder = join(folder, segment);
    const isNew = await mkdir(folder).then(
      () => true,
      (error: unknown) => {
        if (errnoOf(error) === 'EEXIST') return false;
        throw error;
      },
    );
    if (isNew) await syncPath(parent);
    else if (!(await lstat(folder)).isDirectory())
      throw denied(`expected a folder at ${folder}, got a file or a symbolic link`, { bucket: root, key });
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
