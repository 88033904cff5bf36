import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import picomatch from 'picomatch';
import { SluiceError } from '../shared/errors.js';
import type { ObjectStore, StoredObject } from '../shared/stores/port.js';

/** A file to read, on this machine. */
export interface InputFile {
  /** As people know it: the path as given, or s3://bucket/key. */
  readonly uri: string;
  /** Absolute path on this machine. */
  readonly file: string;
  readonly bytes: number;
}

export interface ResolveOptions {
  /** Relative paths start here. */
  readonly cwd: string;
  /** Objects of s3:// URIs are fetched into this existing folder. */
  readonly scratch: string;
  /** Opens the store of an s3:// URL. */
  readonly openStore: (url: string) => ObjectStore;
  readonly signal: AbortSignal;
}

export interface ResolvedInputs {
  readonly files: readonly InputFile[];
  /** Files of folders and prefixes that were passed over because their ending names no known format. */
  readonly passedOver: number;
}

const DATA_FILE = /\.(parquet|pq|csv|tsv|ndjson|jsonl|json|avro)(\.gz|\.zst)?$/i;
const FETCHES_AT_ONCE = 12;

/**
 * Turns URIs into files on this machine: paths, file:// URLs, folders (all data files below), globs, s3:// objects,
 * prefixes and globs. Names that begin with . or _ are passed over in folders. Each file comes once, in the order of the
 * URIs, by name inside each. Throws USAGE for a URI that names nothing.
 */
export async function resolveInputs(uris: readonly string[], options: ResolveOptions): Promise<ResolvedInputs> {
  const found = new Map<string, InputFile>();
  let passedOver = 0;
  for (const uri of uris) {
    const answer = uri.startsWith('s3://') ? await fetchUri(uri, options) : await findLocal(uri, options.cwd);
    if (answer.files.length === 0)
      throw new SluiceError('USAGE', `expected data files at ${uri}, got none`, { facts: { uri } });
    for (const file of answer.files) if (!found.has(file.uri)) found.set(file.uri, file);
    passedOver += answer.passedOver;
  }
  return { files: [...found.values()], passedOver };
}

async function findLocal(uri: string, cwd: string): Promise<ResolvedInputs> {
  const given = uri.startsWith('file://') ? fileURLToPath(uri) : uri;
  const path = resolve(cwd, given);
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return { files: [{ uri: given, file: path, bytes: info.size }], passedOver: 0 };
  if (info?.isDirectory())
    return pickLocal(path, { shown: given, matches: (name) => DATA_FILE.test(name), deep: true });
  const { base, glob } = picomatch.scan(given);
  if (glob === '') return { files: [], passedOver: 0 };
  const matches = picomatch(glob);
  const { files } = await pickLocal(resolve(cwd, base), { shown: base, matches, deep: /[/]|[*]{2}/.test(glob) });
  return { files, passedOver: 0 };
}

interface Pick {
  /** The folder as it was given, for the names shown. */
  readonly shown: string;
  readonly matches: (name: string) => boolean;
  /** Whether folders inside are looked into. */
  readonly deep: boolean;
}

async function pickLocal(folder: string, { shown, matches, deep }: Pick): Promise<ResolvedInputs> {
  const names = await listFolder(folder, deep);
  const picked = names.filter((name) => matches(name));
  const files = await Promise.all(
    picked.map(async (name): Promise<InputFile> => {
      const file = join(folder, name);
      return { uri: join(shown, name), file, bytes: (await stat(file)).size };
    }),
  );
  return { files, passedOver: names.length - picked.length };
}

/** Files below a folder, by their path inside it with /, sorted; hidden ones are left out. */
async function listFolder(folder: string, deep: boolean): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: deep }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => !isHidden(name))
    .sort();
}

function isHidden(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') || part.startsWith('_'));
}

async function fetchUri(uri: string, { openStore, scratch, signal }: ResolveOptions): Promise<ResolvedInputs> {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  if (bucket === '') throw new SluiceError('USAGE', `expected s3://bucket/key, got ${uri}`, { facts: { uri } });
  const store = openStore(`s3://${bucket}`);
  const { picked, passedOver } = await listStore(store, path, signal);
  const folder = join(scratch, `fetched-${bucket}`);
  const limit = pLimit(FETCHES_AT_ONCE);
  const files = await Promise.all(
    picked.map((object, index) =>
      limit(async (): Promise<InputFile> => {
        const inside = join(folder, String(index));
        await mkdir(inside, { recursive: true });
        const file = join(inside, basename(object.key));
        await store.getToFile({ key: object.key, eTag: object.eTag, size: object.size, file, signal });
        return { uri: store.uri(object.key), file, bytes: object.size };
      }),
    ),
  );
  return { files, passedOver };
}

/** The object of that key; else those that the glob matches; else the data files below the prefix. */
async function listStore(store: ObjectStore, path: string, signal: AbortSignal) {
  const exact = path === '' || path.endsWith('/') ? undefined : await store.head(path, signal);
  if (exact !== undefined) return { picked: [exact], passedOver: 0 };
  const { base, glob } = picomatch.scan(path);
  const prefix = glob === '' && (path === '' || path.endsWith('/')) ? path : base === '' ? '' : `${base}/`;
  const matches = glob === '' ? (name: string) => DATA_FILE.test(name) : picomatch(glob);
  const picked: StoredObject[] = [];
  let seen = 0;
  for await (const page of store.list({ prefix, signal })) {
    const shown = page.filter(({ key }) => !isHidden(key.slice(prefix.length)));
    seen += shown.length;
    picked.push(...shown.filter(({ key }) => matches(key.slice(prefix.length))));
  }
  return { picked, passedOver: glob === '' ? seen - picked.length : 0 };
}
