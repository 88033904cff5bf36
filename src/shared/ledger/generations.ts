import { objectId } from '../ids.js';
import type { ObjectId, ObjectIdentity } from '../ids.js';
import type { LedgerDatabase, Statements } from './database.js';
import type { RecordReceipt, RoutedArrival } from './port.js';

/** The next life of bytes that the ledger knows under their key. */
export interface NextLife extends RoutedArrival {
  /** No rule about overwrites and duplicates applies to it. */
  readonly waived: boolean;
}

/** The columns of a life, of `sluice.objects AS o`. */
export const LIFE_COLUMNS =
  'o.object_id, o.dataset, o.partition, o.bucket, o.key, o.e_tag, o.size, o.version_id, o.sequencer, o.last_modified';

/** What LIFE_COLUMNS select. */
export interface StoredLife {
  readonly object_id: string;
  readonly dataset: string;
  readonly partition: string;
  readonly bucket: string;
  readonly key: string;
  readonly e_tag: string;
  readonly size: number;
  readonly version_id: string | null;
  readonly sequencer: string | null;
  readonly last_modified: Date | null;
  readonly [column: string]: unknown;
}

/** A stored life as the arrival that it was. */
export function lifeOf(row: StoredLife): Omit<RoutedArrival, 'source'> {
  return {
    dataset: row.dataset,
    partition: row.partition,
    bucket: row.bucket,
    key: row.key,
    eTag: row.e_tag,
    size: row.size,
    ...(row.version_id === null ? {} : { versionId: row.version_id }),
    ...(row.sequencer === null ? {} : { sequencer: row.sequencer }),
    ...(row.last_modified === null ? {} : { lastModified: row.last_modified }),
  };
}

/** Of the given identities (generation 0), those whose bytes the key was seen without. */
const OUTDONE = 'SELECT object_id FROM sluice.identities WHERE outdone AND object_id = ANY($1::uuid[])';

/** Of callers at the same moment one gets the row. */
const TAKE_MARK_OFF = `
UPDATE sluice.identities SET outdone = false WHERE outdone AND object_id = ANY($1::uuid[]) RETURNING object_id`;

const MARK_OUTDONE = `
UPDATE sluice.identities SET outdone = true
WHERE NOT outdone AND object_id IN (SELECT object_id FROM sluice.identities WHERE object_id = ANY($1::uuid[]) ORDER BY object_id FOR NO KEY UPDATE)`;

const NEWEST = `
SELECT t.position::integer AS position, coalesce(max(o.generation), 0) AS generation
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY AS t(dataset, bucket, key, e_tag, size, position)
LEFT JOIN sluice.objects o ON o.dataset = t.dataset AND hashtextextended(o.key, 0) = hashtextextended(t.key, 0) AND o.key = t.key
  AND o.bucket = t.bucket AND o.e_tag = t.e_tag AND o.size = t.size
GROUP BY t.position ORDER BY t.position`;

const ADD = `
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[],
    $10::text[], $11::timestamptz[], $12::text[], $13::boolean[])
    AS t(object_id, generation, dataset, partition, bucket, key, e_tag, size, version_id, sequencer, last_modified, source, waived)
), fresh AS (
  INSERT INTO sluice.identities (object_id, month)
  SELECT object_id, date_trunc('month', now() AT TIME ZONE 'UTC')::date FROM input ORDER BY object_id
  ON CONFLICT DO NOTHING
  RETURNING object_id, month
)
INSERT INTO sluice.objects
  (object_id, month, generation, dataset, partition, bucket, key, e_tag, size, version_id, sequencer, last_modified, source, waived)
SELECT object_id, month, generation, dataset, partition, bucket, key, e_tag, size, version_id, sequencer, last_modified, source, waived
FROM fresh JOIN input USING (object_id)
RETURNING object_id`;

/** The id under which an identity carries its mark. */
export function firstLife(identity: Omit<ObjectIdentity, 'generation'>): ObjectId {
  return objectId({ ...identity, generation: 0 });
}

/** Of these identities, those that were outdone. */
export async function findOutdone(statements: Statements, ids: readonly ObjectId[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await statements.rows<{ object_id: string }>(OUTDONE, [ids]);
  return new Set(rows.map((row) => row.object_id));
}

/** Notes that the keys of these identities (generation 0) were seen without their bytes. */
export async function markOutdone(tx: Statements, ids: readonly ObjectId[]): Promise<void> {
  if (ids.length > 0) await tx.changed(MARK_OUTDONE, [ids]);
}

/**
 * Records the next generation of bytes that came back, which the caller has just seen as current in the store: content A, B, A again
 * is three objects. Of several callers (an event and a listing of the same return) one records; an identity that was not outdone
 * changes nothing.
 */
export async function recordCurrent(
  database: LedgerDatabase,
  arrivals: readonly RoutedArrival[],
): Promise<RecordReceipt> {
  const byFirst = new Map(arrivals.map((arrival) => [firstLife(arrival), arrival]));
  if (byFirst.size === 0) return { recorded: [], fresh: [], duplicates: 0, outdone: [] };
  return database.transaction(async (tx) => {
    const taken = await tx.rows<{ object_id: string }>(TAKE_MARK_OFF, [[...byFirst.keys()].sort()]);
    const mine = new Set(taken.map((row) => row.object_id));
    const fresh = [...byFirst].filter(([id]) => mine.has(id)).map(([, arrival]) => arrival);
    const recorded = await addGenerations(
      tx,
      fresh.map((arrival) => ({ ...arrival, waived: false })),
    );
    return { recorded, fresh, duplicates: arrivals.length - recorded.length, outdone: [] };
  });
}

/** Adds the next generation of each; returns their ids in the order of the lives. The detail of an older one may be gone: its identity is not. */
export async function addGenerations(tx: Statements, lives: readonly NextLife[]): Promise<readonly ObjectId[]> {
  if (lives.length === 0) return [];
  const newest = await tx.rows<{ generation: number }>(NEWEST, [
    lives.map((life) => life.dataset),
    lives.map((life) => life.bucket),
    lives.map((life) => life.key),
    lives.map((life) => life.eTag),
    lives.map((life) => life.size),
  ]);
  const ids: ObjectId[] = [];
  let waiting = lives.map((life, index) => ({ life, index, generation: (newest[index]?.generation ?? 0) + 1 }));
  while (waiting.length > 0) {
    const tried = waiting.map((one) => ({ ...one, id: objectId({ ...one.life, generation: one.generation }) }));
    const added = await tx.rows<{ object_id: string }>(ADD, addValues(tried));
    const fresh = new Set(added.map((row) => row.object_id));
    for (const { id, index } of tried) if (fresh.has(id)) ids[index] = id;
    waiting = tried.filter(({ id }) => !fresh.has(id)).map((one) => ({ ...one, generation: one.generation + 1 }));
  }
  return ids;
}

function addValues(
  lives: readonly { readonly life: NextLife; readonly id: ObjectId; readonly generation: number }[],
): readonly unknown[] {
  return [
    lives.map(({ id }) => id),
    lives.map(({ generation }) => generation),
    lives.map(({ life }) => life.dataset),
    lives.map(({ life }) => life.partition),
    lives.map(({ life }) => life.bucket),
    lives.map(({ life }) => life.key),
    lives.map(({ life }) => life.eTag),
    lives.map(({ life }) => life.size),
    lives.map(({ life }) => life.versionId ?? null),
    lives.map(({ life }) => life.sequencer ?? null),
    lives.map(({ life }) => life.lastModified ?? null),
    lives.map(({ life }) => life.source),
    lives.map(({ life }) => life.waived),
  ];
}
