import { asObjectId } from '../ids.js';
import type { BatchId, ObjectId } from '../ids.js';
import type { Statements } from './database.js';
import { LIVE_STATES } from './port.js';
import type { ContentOwner, KeyVersion, ObjectState, Surroundings } from './port.js';
import { objectUri } from './text.js';

const FIELDS = 'object_id, state, e_tag, size, generation, sequencer, last_modified, arrived_at, bucket, key';

/**
 * The other versions of the keys of a batch's objects, each with the object whose key it shares. What was superseded counts no more. The
 * objects are told once, not joined: with statistics from before a burst the planner takes the table for empty and an index of the whole
 * dataset for as good as that of keys, and a join would read it once for each object (30 s for 5,000).
 */
const VERSIONS = `
WITH member AS MATERIALIZED (
  SELECT me.*, hashtextextended(me.key, 0) AS hash
  FROM sluice.batch_objects m JOIN sluice.objects me ON me.object_id = m.object_id AND me.month = m.month
  WHERE m.batch_id = $1 AND m.live
), other AS MATERIALIZED (
  SELECT ${FIELDS} FROM sluice.objects
  WHERE dataset = (SELECT dataset FROM member LIMIT 1) AND hashtextextended(key, 0) = ANY(ARRAY(SELECT hash FROM member))
    AND object_id NOT IN (SELECT object_id FROM member)
), twin AS MATERIALIZED (
  SELECT ${FIELDS} FROM (SELECT *, count(*) OVER (PARTITION BY hash) AS alike FROM member) AS counted WHERE alike > 1
), pair AS (
  SELECT me.object_id AS of, v.* FROM other v JOIN member me ON me.key = v.key AND me.bucket = v.bucket
  UNION ALL
  SELECT me.object_id AS of, v.* FROM twin v JOIN twin me ON me.key = v.key AND me.bucket = v.bucket AND me.object_id <> v.object_id
)
SELECT of, object_id, state, e_tag, size, generation, sequencer, last_modified, arrived_at FROM pair WHERE state <> 'superseded'`;

const MEMBERS = `
SELECT me.object_id, me.bucket, me.key, me.dataset, me.sequencer, me.last_modified, me.arrived_at
FROM sluice.batch_objects m JOIN sluice.objects me ON me.object_id = m.object_id AND me.month = m.month
WHERE m.batch_id = $1 AND m.live ORDER BY m.position`;

const OWNERS = `
SELECT t.of, c.object_id, o.bucket, o.key
FROM unnest($1::uuid[], $2::bytea[]) AS t(of, sha256)
JOIN sluice.contents c ON c.dataset = $3 AND c.sha256 = t.sha256
LEFT JOIN sluice.objects o ON o.object_id = c.object_id AND o.month = c.month
WHERE c.object_id <> t.of`;

/** A version of a key that shares it with the object \`of\`. */
export interface StoredVersion {
  readonly of: string;
  readonly object_id: string;
  readonly state: ObjectState;
  readonly e_tag: string;
  readonly size: number;
  readonly generation: number;
  readonly sequencer: string | null;
  readonly last_modified: Date | null;
  readonly arrived_at: Date;
  readonly [column: string]: unknown;
}

/** Every other version of the keys of the batch's live objects that was not superseded. */
export async function readVersions(statements: Statements, batch: BatchId): Promise<readonly StoredVersion[]> {
  return statements.rows<StoredVersion>(VERSIONS, [batch]);
}

/** Whether compact has settled a version. */
export function isSettled({ state }: { readonly state: ObjectState }): boolean {
  return state !== 'arrived' && state !== 'batched';
}

/** Whether a version has rows in a target, or will have. */
export function isLive({ state }: { readonly state: ObjectState }): boolean {
  return LIVE_STATES.includes(state);
}

interface StoredOwner {
  readonly of: string;
  readonly object_id: string;
  readonly bucket: string | null;
  readonly key: string | null;
}

interface StoredSelf {
  readonly object_id: string;
  readonly dataset: string;
  readonly bucket: string;
  readonly key: string;
  readonly sequencer: string | null;
  readonly last_modified: Date | null;
  readonly arrived_at: Date;
}

/** What stands around the objects of a batch: settled versions of their keys, and owners of the contents (hex SHA-256 by object). */
export async function surroundings(
  statements: Statements,
  batch: BatchId,
  hashes: ReadonlyMap<ObjectId, string>,
): Promise<readonly Surroundings[]> {
  const members = await statements.rows<StoredSelf & Record<string, unknown>>(MEMBERS, [batch]);
  const versions = groupByOf((await readVersions(statements, batch)).filter(isSettled));
  const [first] = members;
  const owners =
    first === undefined
      ? []
      : await statements.rows<StoredOwner & Record<string, unknown>>(OWNERS, [
          [...hashes.keys()],
          [...hashes.values()].map((hash) => Buffer.from(hash, 'hex')),
          first.dataset,
        ]);
  const ownerOf = new Map(owners.map((owner) => [owner.of, owner]));
  return members.map((member) => {
    const owner = ownerOf.get(member.object_id);
    return {
      object: asObjectId(member.object_id),
      ...hintsOf(member),
      versions: (versions.get(member.object_id) ?? []).map(readVersion),
      ...(owner === undefined ? {} : { owner: readOwner(owner, member) }),
    };
  });
}

/** Versions by the object whose key they share. */
export function groupByOf(versions: readonly StoredVersion[]): ReadonlyMap<string, readonly StoredVersion[]> {
  const groups = new Map<string, StoredVersion[]>();
  for (const version of versions) {
    const group = groups.get(version.of);
    if (group === undefined) groups.set(version.of, [version]);
    else group.push(version);
  }
  return groups;
}

function readVersion(version: StoredVersion): KeyVersion {
  const { object_id, state, e_tag, size, generation } = version;
  return { object: asObjectId(object_id), state, eTag: e_tag, size, generation, ...hintsOf(version) };
}

function hintsOf({
  sequencer,
  last_modified,
  arrived_at,
}: Pick<StoredVersion, 'sequencer' | 'last_modified' | 'arrived_at'>) {
  return {
    ...(sequencer === null ? {} : { sequencer }),
    ...(last_modified === null ? {} : { lastModified: last_modified }),
    arrivedAt: arrived_at,
  };
}

function readOwner({ object_id, bucket, key }: StoredOwner, me: StoredSelf): ContentOwner {
  const uri = bucket === null || key === null ? `object ${object_id}` : objectUri(bucket, key);
  return { object: asObjectId(object_id), uri, sameKey: bucket === me.bucket && key === me.key };
}
