import { setMaxListeners } from 'node:events';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { isSluiceError } from '../../shared/errors.js';
import type { BatchObject } from '../../shared/ledger/port.js';
import type { ManifestObject } from '../../shared/ledger/manifest.js';
import type { ObjectStore } from '../../shared/stores/port.js';
import { type Glance, glanceAt } from './glance.js';

/** An object in scratch. */
export interface FetchedObject {
  readonly object: BatchObject['object'];
  /** The key: its ending tells the format. */
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  /** What its bytes showed as they came; absent of large objects. */
  readonly glance?: Glance;
}

export interface FetchReport {
  readonly fetched: readonly FetchedObject[];
  /** Objects that the store does not give: quarantined, or released to be tried again. */
  readonly missing: readonly ManifestObject[];
}

/** How often an object may be absent right after its event before it is quarantined. */
export const MAX_RELEASES = 2;

const FETCHES_AT_ONCE = 12;

/** Fetches the objects of a batch to a folder, several at once. Throws STORE_AWAY and STORE_DENIED; an absent or changed object is an answer. */
export async function fetchObjects(
  storeOf: (object: BatchObject) => ObjectStore,
  objects: readonly BatchObject[],
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<FetchReport> {
  const limit = pLimit(FETCHES_AT_ONCE);
  // Each fetch under way listens.
  setMaxListeners(4 * FETCHES_AT_ONCE, signal);
  const answers = await Promise.all(
    objects.map((object, index) =>
      limit(() =>
        fetchOne(storeOf(object), object, { folder: join(folder, `${index}-${safeName(object.key)}`), signal }),
      ),
    ),
  );
  return {
    fetched: answers.flatMap((answer) => (answer.kind === 'fetched' ? [answer.fetched] : [])),
    missing: answers.flatMap((answer) => (answer.kind === 'missing' ? [answer.missing] : [])),
  };
}

type FetchAnswer =
  | { readonly kind: 'fetched'; readonly fetched: FetchedObject }
  | { readonly kind: 'missing'; readonly missing: ManifestObject };

async function fetchOne(
  store: ObjectStore,
  object: BatchObject,
  { folder: file, signal }: { folder: string; signal: AbortSignal },
): Promise<FetchAnswer> {
  const { key, eTag, size, versionId } = object;
  if (size === 0) {
    return {
      kind: 'missing',
      missing: {
        object: object.object,
        kind: 'quarantined',
        code: 'OBJECT_EMPTY',
        reason: 'expected data, got an object of zero bytes',
      },
    };
  }
  try {
    let glance: Glance | undefined;
    const { sha256 } = await store.getToFile({
      key,
      eTag,
      size,
      file,
      signal,
      onBytes: (chunks) => (glance = glanceAt(chunks)),
      ...(versionId === undefined ? {} : { versionId }),
    });
    const fetched = { object: object.object, name: key, file, sha256 };
    return { kind: 'fetched', fetched: glance === undefined ? fetched : { ...fetched, glance } };
  } catch (error) {
    if (isSluiceError(error, 'OBJECT_MISSING')) return { kind: 'missing', missing: absent(object) };
    if (isSluiceError(error, 'OBJECT_CHANGED')) {
      return {
        kind: 'missing',
        missing: { object: object.object, kind: 'quarantined', code: 'OBJECT_CHANGED', reason: error.message },
      };
    }
    throw error;
  }
}

/** A 404 right after an event may heal: released at first, quarantined when it stays. */
function absent(object: BatchObject): ManifestObject {
  const reason = `expected the object at ${object.key}, got none in the store`;
  const kind = object.releases < MAX_RELEASES ? 'released' : 'quarantined';
  return { object: object.object, kind, code: 'OBJECT_MISSING', reason };
}

/** The end of a key as a file name: keeps the endings that tell format and compression. */
function safeName(key: string): string {
  return basename(key)
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .slice(-80);
}
