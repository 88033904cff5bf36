import pLimit from 'p-limit';
import type { ObjectId } from '../../shared/ids.js';
import type { BatchObject } from '../../shared/ledger/port.js';
import type { ObjectStore, StoredObject } from '../../shared/stores/port.js';
import type { CustodyVerdict } from './judgeCustody.js';

const HEADS_AT_ONCE = 12;

/** What is asked of the store about keys that a batch has twice. */
export interface VersionsOfBatch {
  readonly verdicts: readonly CustodyVerdict[];
  readonly objects: readonly BatchObject[];
  readonly signal: AbortSignal;
}

/**
 * Where a batch brings several versions of a key (only one of a replaced partition does, from a store that keeps versions), the one that the
 * store shows goes on and the others are superseded; where it shows none of them, the one that came last. Errors: those of the store.
 */
export async function keepOneVersion(
  store: Pick<ObjectStore, 'head'>,
  { verdicts, objects, signal }: VersionsOfBatch,
): Promise<readonly CustodyVerdict[]> {
  const members = new Map(objects.map((object) => [object.object, object]));
  const taken = verdicts.flatMap(({ kind, custody }) => (kind === 'take' ? (members.get(custody.object) ?? []) : []));
  const byKey = new Map<string, BatchObject[]>();
  for (const one of taken) byKey.set(placeOf(one), [...(byKey.get(placeOf(one)) ?? []), one]);
  const groups = [...byKey.values()].filter((group) => group.length > 1);
  if (groups.length === 0) return verdicts;
  const limit = pLimit(HEADS_AT_ONCE);
  const older = await Promise.all(
    groups.map((group) => limit(async () => olderOf(group, await store.head(group[0]?.key ?? '', signal)))),
  );
  const gone = new Map(older.flat());
  return verdicts.map((verdict) => {
    const by = gone.get(verdict.custody.object);
    if (by === undefined) return verdict;
    const custody = { ...verdict.custody, isCurrent: false, replaces: [], content: 'none' as const };
    const reason = `expected the newest version of the key, got an older one; that of object ${by} goes on`;
    return { kind: 'aside', state: 'superseded', code: 'OBJECT_OVERWRITTEN', reason, custody };
  });
}

/** The versions that give way, each with the one that it gives way to. */
function olderOf(
  group: readonly BatchObject[],
  shown: Pick<StoredObject, 'eTag' | 'size'> | undefined,
): readonly (readonly [ObjectId, ObjectId])[] {
  const latest = group.toSorted((a, b) => a.arrivedAt.getTime() - b.arrivedAt.getTime()).at(-1);
  const current = group.find(({ eTag, size }) => eTag === shown?.eTag && size === shown.size) ?? latest;
  return group.flatMap(({ object }) =>
    current === undefined || object === current.object ? [] : [[object, current.object]],
  );
}

function placeOf({ bucket, key }: BatchObject): string {
  return `${bucket}\n${key}`;
}
