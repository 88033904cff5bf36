import { asObjectId } from '../ids.js';
import type { BatchId, ObjectId } from '../ids.js';
import { releaseContents } from './contents.js';
import type { Statements } from './database.js';
import { addGenerations, LIFE_COLUMNS, lifeOf } from './generations.js';
import type { StoredLife } from './generations.js';
import type { DecisionRequest, PartitionRef } from './port.js';

const READ = `
SELECT ${LIFE_COLUMNS}, o.waived
FROM sluice.identities i JOIN sluice.objects o ON o.object_id = i.object_id AND o.month = i.month
WHERE i.object_id = ANY($1::uuid[]) ORDER BY o.object_id FOR NO KEY UPDATE OF o`;

const END = `
WITH gone AS (
  UPDATE sluice.batch_objects SET live = false WHERE object_id = ANY($1::uuid[]) AND live
)
UPDATE sluice.objects o SET state = $2 FROM sluice.identities i
WHERE i.object_id = ANY($1::uuid[]) AND o.object_id = i.object_id AND o.month = i.month`;

const NOTE = `
INSERT INTO sluice.decisions (verb, who, why, batch_id, object_id, next_object_id)
SELECT $1, $2, $3, batch_id, object_id, next_object_id
FROM unnest($4::uuid[], $5::uuid[], $6::uuid[]) AS t(batch_id, object_id, next_object_id)`;

interface Ended extends StoredLife {
  readonly waived: boolean;
}

/** What a decision is about, for its note. */
export interface DecisionPlace {
  readonly batch?: BatchId;
  readonly object?: ObjectId;
  readonly next?: ObjectId;
}

/** Notes who decided what, and why. */
export async function noteDecision(
  tx: Statements,
  { verb, who, why }: DecisionRequest,
  places: readonly DecisionPlace[],
): Promise<void> {
  await tx.changed(NOTE, [
    verb,
    who,
    why,
    places.map(({ batch }) => batch ?? null),
    places.map(({ object }) => object ?? null),
    places.map(({ next }) => next ?? null),
  ]);
}

/** Supersedes objects by their next generation, which is pending. Once waived, a life stays so. Returns old and new, and the partitions to plan. */
export async function sendAgain(
  tx: Statements,
  objects: readonly string[],
  { waived, source }: { waived: boolean; source: string },
): Promise<{
  readonly pairs: readonly { readonly object: ObjectId; readonly next: ObjectId }[];
  readonly partitions: readonly PartitionRef[];
}> {
  const rows = await tx.rows<Ended>(READ, [objects]);
  await tx.changed(END, [rows.map((row) => row.object_id), 'superseded']);
  const freed = await releaseContents(
    tx,
    rows.map((row) => row.object_id),
  );
  const next = await addGenerations(
    tx,
    rows.map((row) => ({ ...lifeOf(row), source, waived: waived || row.waived })),
  );
  const pairs = rows.flatMap((row, index) => {
    const born = next[index];
    return born === undefined ? [] : [{ object: asObjectId(row.object_id), next: born }];
  });
  return { pairs, partitions: [...rows.map(({ dataset, partition }) => ({ dataset, partition })), ...freed] };
}

/** Gives objects up: they are ignored, and so are their contents. Returns partitions to plan, of objects that waited for one. */
export async function endObjects(tx: Statements, objects: readonly string[]): Promise<readonly PartitionRef[]> {
  const rows = await tx.rows<Ended>(READ, [objects]);
  const ids = rows.map((row) => row.object_id);
  await tx.changed(END, [ids, 'ignored']);
  return releaseContents(tx, ids);
}
