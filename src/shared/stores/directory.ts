import { createHash } from 'node:crypto';
import { type BigIntStats, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, lstat, open, rm, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SluiceError } from '../errors.js';
import { PRIVATE_FOLDER, findPath, isAbsence } from './directoryKeys.js';
import { type SkipReason, walkKeys } from './directoryList.js';
import { putIntoDirectory, removeStaleDrafts, replaceText } from './directoryPut.js';
import { copyHashed, copySmall, errnoOf, sha256OfFile } from './files.js';
import { retireFile } from './directoryRetire.js';
import type {
  GetRequest,
  ListRequest,
  ObjectStore,
  PutAnswer,
  PutRequest,
  RetireAnswer,
  StoredObject,
} from './port.js';

export interface DirectoryStoreOptions {
  /** The folder; it must be there unless `create`. It may itself be a symbolic link; below it links are not followed. */
  readonly root: string;
  readonly create?: boolean;
  /** Told of whatever a listing meets that can be no object. */
  readonly onSkip?: (path: string, reason: SkipReason) => void;
  /** Names of one folder that a listing keeps in memory at a time. */
  readonly namesAtOnce?: number;
}

const PAGE = 1000;
const NAMES_AT_ONCE = 50_000;
/** Files up to this size are read once, whole. */
const SMALL_BYTES = 1024 * 1024;
const DENIED: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EXDEV',
  'ENAMETOOLONG',
  'ENOTDIR',
]);

/**
 * Opens a directory as a store: keys are paths below the root. Nothing outside the root is read or written, whatever the
 * key. Unlike S3 a key cannot be a file and a folder at once (STORE_DENIED on put). The eTag tells inode, size and
 * modification time: a file rewritten in place with the same size within one tick of the file system's clock goes unseen.
 * Throws STORE_AWAY when the root is not there.
 */
export function openDirectoryStore(options: DirectoryStoreOptions): ObjectStore {
  return new DirectoryStore(options);
}

class DirectoryStore implements ObjectStore {
  readonly bucket: string;
  readonly #root: string;
  readonly #onSkip: (path: string, reason: SkipReason) => void;
  readonly #namesAtOnce: number;
  #hasCleaned = false;

  constructor({ root, create = false, onSkip = () => {}, namesAtOnce = NAMES_AT_ONCE }: DirectoryStoreOptions) {
    const path = resolve(root);
    // Identity rests on the name that was given: a link that later points to another disk holds the same objects.
    this.bucket = pathToFileURL(path).href;
    this.#root = findRoot(path, create);
    this.#onSkip = onSkip;
    this.#namesAtOnce = namesAtOnce;
  }

  uri(key: string): string {
    return pathToFileURL(join(this.#root, key)).href;
  }

  async *list({ prefix, startAfter = '', signal }: ListRequest): AsyncGenerator<readonly StoredObject[]> {
    const onSkip = this.#onSkip;
    const walk = walkKeys({ root: this.#root, prefix, startAfter, signal, onSkip, namesAtOnce: this.#namesAtOnce });
    for (;;) {
      const keys = await this.#guard(prefix, () => takeUpTo(walk, PAGE));
      const found = await this.#guard(prefix, () =>
        Promise.all(keys.map((key) => this.#look(key, join(this.#root, key)))),
      );
      const objects = found.filter((object) => object !== undefined);
      if (objects.length > 0) yield objects;
      if (keys.length < PAGE) return;
    }
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    signal?.throwIfAborted();
    return this.#guard(key, async () => {
      const path = await findPath(this.#root, key);
      return path === undefined ? undefined : this.#look(key, path);
    });
  }

  getToFile(request: GetRequest): Promise<{ readonly bytes: number; readonly sha256: string }> {
    return this.#guard(request.key, async () => {
      const source = await this.#openObject(request.key);
      try {
        return await this.#copyOut(source, request);
      } finally {
        await source.close();
      }
    });
  }

  async putFile(request: PutRequest): Promise<PutAnswer> {
    const { key, file, ifAbsent = false, signal } = request;
    signal?.throwIfAborted();
    const { size } = await stat(file);
    return this.#guard(key, async () => {
      await this.#cleanOnce();
      const placing = putIntoDirectory(file, { root: this.#root, key, ifAbsent, signal });
      const [placed, sha256] = await Promise.all([placing, sha256OfFile(file)]);
      await rm(join(this.#root, tagsKey(key)), { force: true });
      return { eTag: eTagOf(placed), bytes: size, sha256 };
    });
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const key of keys) {
      signal?.throwIfAborted();
      await this.#guard(key, async () => {
        if ((await this.head(key)) === undefined) return;
        await unlink(join(this.#root, key)).catch((error: unknown) => {
          if (!isAbsence(error)) throw error;
        });
        await rm(join(this.#root, tagsKey(key)), { force: true });
      });
    }
  }

  async retire(request: Parameters<ObjectStore['retire']>[0]): Promise<RetireAnswer> {
    const { key, signal } = request;
    signal?.throwIfAborted();
    return this.#guard(key, () =>
      retireFile(request, {
        root: this.#root,
        tagsFile: tagsKey(key),
        head: (one) => this.head(one),
        look: (path) => this.#look(key, path),
        tag: (tags) => this.tag(key, tags),
      }),
    );
  }

  async tag(key: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    const object = await this.head(key, signal);
    if (object === undefined) throw this.#missing(key);
    const text = JSON.stringify({ key, eTag: object.eTag, tags });
    await this.#guard(key, () => replaceText(this.#root, tagsKey(key), text));
  }

  async #look(key: string, path: string): Promise<StoredObject | undefined> {
    const found = await lstat(path, { bigint: true }).catch((error: unknown) => {
      if (isAbsence(error)) return undefined;
      throw error;
    });
    if (found === undefined || !found.isFile()) return undefined;
    return { key, size: Number(found.size), eTag: eTagOf(found), lastModified: found.mtime };
  }

  async #openObject(key: string): Promise<FileHandle> {
    const path = await findPath(this.#root, key);
    if (path === undefined) throw this.#missing(key);
    // Without O_NONBLOCK a named pipe would wait for its writer for ever.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return open(path, flags).catch((error: unknown) => {
      throw isAbsence(error) ? this.#missing(key) : error;
    });
  }

  async #copyOut(source: FileHandle, { key, file, eTag, size, onBytes, signal }: GetRequest) {
    signal?.throwIfAborted();
    const before = await source.stat({ bigint: true });
    if (!before.isFile()) throw this.#missing(key);
    if (eTag !== undefined && eTagOf(before) !== eTag) throw this.#changed(key, eTag, eTagOf(before));
    const length = Number(before.size);
    const isSmall = length <= SMALL_BYTES;
    const copied = await (isSmall
      ? copySmall(source, file, { size: length, onBytes })
      : copyHashed(source, file, signal));
    const after = await source.stat({ bigint: true });
    if (eTagOf(after) !== eTagOf(before)) throw this.#changed(key, eTagOf(before), eTagOf(after));
    if (size !== undefined && size !== copied.bytes) throw this.#changed(key, `${size} bytes`, `${copied.bytes} bytes`);
    return copied;
  }

  async #cleanOnce(): Promise<void> {
    if (this.#hasCleaned) return;
    this.#hasCleaned = true;
    await removeStaleDrafts(this.#root, Date.now());
  }

  async #guard<T>(key: string, perform: () => Promise<T>): Promise<T> {
    try {
      return await perform();
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined || error instanceof SluiceError) throw error;
      const message = `expected to use ${key} in ${this.#root}, got ${code}`;
      const facts = { bucket: this.bucket, key };
      throw new SluiceError(DENIED.has(code) ? 'STORE_DENIED' : 'STORE_AWAY', message, { cause: error, facts });
    }
  }

  #missing(key: string): SluiceError {
    const message = `expected a file at ${key} in ${this.#root}, got none`;
    return new SluiceError('OBJECT_MISSING', message, { facts: { bucket: this.bucket, key } });
  }

  #changed(key: string, expected: string, got: string): SluiceError {
    const message = `expected ${expected} at ${key} in ${this.#root}, got ${got}`;
    return new SluiceError('OBJECT_CHANGED', message, { facts: { bucket: this.bucket, key } });
  }
}

async function takeUpTo(keys: AsyncGenerator<string>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const next = await keys.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

function findRoot(path: string, create: boolean): string {
  if (create) mkdirSync(path, { recursive: true });
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return realpathSync.native(path);
  const got = found === undefined ? 'nothing' : 'a file';
  throw new SluiceError('STORE_AWAY', `expected a directory at ${path}, got ${got}`, { facts: { bucket: path } });
}

function eTagOf({ ino, size, mtimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs].map((field) => field.toString(16)).join('-');
}

/** Where an object's tags are kept: beside the objects, under a name that any key fits. */
function tagsKey(key: string): string {
  const digest = createHash('sha256').update(key).digest('hex');
  return `${PRIVATE_FOLDER}/tags/${digest.slice(0, 2)}/${digest}.json`;
}
