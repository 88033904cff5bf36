import { SluiceError } from '../errors.js';
import { asObjectId, objectId } from '../ids.js';
import type { ObjectId, ObjectIdentity } from '../ids.js';
import { plainArray, textArray } from '../postgres/arrayText.js';
import type { LedgerDatabase } from './database.js';
import { findOutdone } from './generations.js';
import type { RecordReceipt, RoutedArrival } from './port.js';

/**
 * One statement: identities that are new, the detail of exactly those, and the ids of the others. Identities go in by order of their
 * ids, so two requests with the same arrivals wait for each other instead of deadlocking; the second one answers after the first
 * committed. What is new is not sent back: as a rule that is all of it.
 */
const RECORD = `
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
    $10::timestamptz[], $11::text[])
    AS t(object_id, dataset, partition, bucket, key, e_tag, size, version_id, sequencer, last_modified, source)
), fresh AS (
  INSERT INTO sluice.identities (object_id, month)
  SELECT object_id, date_trunc('month', now() AT TIME ZONE 'UTC')::date FROM input ORDER BY object_id
  ON CONFLICT DO NOTHING
  RETURNING object_id, month
), detail AS (
  INSERT INTO sluice.objects
    (object_id, month, dataset, partition, bucket, key, e_tag, size, version_id, sequencer, last_modified, source)
  SELECT object_id, month, dataset, partition, bucket, key, e_tag, size, version_id, sequencer, last_modified, source
  FROM fresh JOIN input USING (object_id)
)
SELECT object_id FROM input WHERE object_id NOT IN (SELECT object_id FROM fresh)`;

/**
 * Records arrivals; a known identity changes nothing, whether it came before, comes at the same time or twice in one call.
 * The receipt names new objects in the order of the arrivals, and the known ones whose bytes may have come back.
 * Throws EVENT_MALFORMED for a key with a NUL character, which neither Postgres nor XML can carry.
 */
export async function record(database: LedgerDatabase, arrivals: readonly RoutedArrival[]): Promise<RecordReceipt> {
  const fresh = new Map<ObjectId, RoutedArrival>();
  for (const arrival of arrivals) {
    refuseNul(arrival);
    const id = objectId(firstLife(arrival));
    if (!fresh.has(id)) fresh.set(id, arrival);
  }
  if (fresh.size === 0) return { recorded: [], fresh: [], duplicates: 0, outdone: [] };
  const rows = await database.rows<{ object_id: string }>(RECORD, recordValues(fresh), 'sluice_record');
  const known = new Map<ObjectId, RoutedArrival>();
  for (const id of rows.map((row) => asObjectId(row.object_id))) {
    const arrival = fresh.get(id);
    if (arrival !== undefined) known.set(id, arrival);
    fresh.delete(id);
  }
  const outdone = await findOutdone(database, [...known.keys()]);
  return {
    recorded: [...fresh.keys()],
    fresh: [...fresh.values()],
    duplicates: arrivals.length - fresh.size,
    outdone: [...known].flatMap(([id, arrival]) => (outdone.has(id) ? [arrival] : [])),
  };
}

function firstLife({ bucket, key, eTag, size }: RoutedArrival): ObjectIdentity {
  return { bucket, key, eTag, size, generation: 0 };
}

/** One array a column: a statement of eleven parameters, however many arrivals. */
function recordValues(arrivals: ReadonlyMap<ObjectId, RoutedArrival>): readonly unknown[] {
  const all = [...arrivals.values()];
  return [
    plainArray([...arrivals.keys()]),
    textArray(all.map((arrival) => arrival.dataset)),
    textArray(all.map((arrival) => arrival.partition)),
    textArray(all.map((arrival) => arrival.bucket)),
    textArray(all.map((arrival) => arrival.key)),
    textArray(all.map((arrival) => arrival.eTag)),
    plainArray(all.map((arrival) => arrival.size)),
    textArray(all.map((arrival) => arrival.versionId ?? null)),
    textArray(all.map((arrival) => arrival.sequencer ?? null)),
    all.map((arrival) => arrival.lastModified ?? null),
    textArray(all.map((arrival) => arrival.source)),
  ];
}

function refuseNul({ bucket, key, partition }: RoutedArrival): void {
  if (!key.includes('\0') && !partition.includes('\0')) return;
  throw new SluiceError('EVENT_MALFORMED', `expected a key without NUL characters, got ${JSON.stringify(key)}`, {
    facts: { bucket },
  });
}
