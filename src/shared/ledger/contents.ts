import { asObjectId } from '../ids.js';
import type { ObjectId } from '../ids.js';
import type { Statements } from './database.js';
import { addGenerations, LIFE_COLUMNS, lifeOf } from './generations.js';
import type { StoredLife } from './generations.js';
import type { ObjectCustody, PartitionRef } from './port.js';

const CLAIM = `
INSERT INTO sluice.contents (dataset, sha256, object_id, month)
SELECT $1, t.sha256, t.object_id, i.month
FROM unnest($2::bytea[], $3::uuid[]) AS t(sha256, object_id) JOIN sluice.identities i USING (object_id)
ORDER BY t.sha256
ON CONFLICT DO NOTHING
RETURNING object_id`;

/** Locked, so that an owner who gives the content up waits until its copies are noted. */
const OWNED = `
SELECT c.object_id FROM unnest($2::bytea[], $3::uuid[]) AS t(sha256, object_id)
JOIN sluice.contents c ON c.dataset = $1 AND c.sha256 = t.sha256 AND c.object_id = t.object_id
FOR KEY SHARE OF c`;

const NOTE_COPIES = `
INSERT INTO sluice.copies (dataset, sha256, object_id, month)
SELECT $1, t.sha256, t.object_id, i.month
FROM unnest($2::bytea[], $3::uuid[]) AS t(sha256, object_id) JOIN sluice.identities i USING (object_id)
ON CONFLICT DO NOTHING`;

const GIVE_UP = `
DELETE FROM sluice.contents c USING sluice.identities i, sluice.objects o
WHERE i.object_id = ANY($1::uuid[]) AND o.object_id = i.object_id AND o.month = i.month
  AND c.dataset = o.dataset AND c.sha256 = o.sha256 AND c.object_id = o.object_id
RETURNING c.dataset, c.sha256`;

const LEAVE_COPIES = `
DELETE FROM sluice.copies c USING sluice.identities i, sluice.objects o
WHERE i.object_id = ANY($1::uuid[]) AND o.object_id = i.object_id AND o.month = i.month
  AND c.dataset = o.dataset AND c.sha256 = o.sha256 AND c.object_id = o.object_id`;

/** A copy with rows of its own becomes the owner. */
const INHERIT = `
INSERT INTO sluice.contents (dataset, sha256, object_id, month)
SELECT DISTINCT ON (c.dataset, c.sha256) c.dataset, c.sha256, c.object_id, c.month
FROM unnest($1::text[], $2::bytea[]) AS gone(dataset, sha256)
JOIN sluice.copies c USING (dataset, sha256)
JOIN sluice.objects o ON o.object_id = c.object_id AND o.month = c.month AND o.state IN ('compacted', 'held', 'judged', 'loaded')
ORDER BY c.dataset, c.sha256, c.object_id
ON CONFLICT DO NOTHING
RETURNING dataset, sha256`;

const WAITERS = `
SELECT ${LIFE_COLUMNS}
FROM unnest($1::text[], $2::bytea[]) AS gone(dataset, sha256)
JOIN sluice.copies c USING (dataset, sha256)
JOIN sluice.objects o ON o.object_id = c.object_id AND o.month = c.month
WHERE o.state IN ('quarantined', 'ignored') AND o.code = 'DUPLICATE_CONTENT'
  AND NOT EXISTS (SELECT FROM sluice.contents owned WHERE owned.dataset = gone.dataset AND owned.sha256 = gone.sha256)
ORDER BY o.object_id FOR NO KEY UPDATE OF o`;

const SUPERSEDE = `
UPDATE sluice.objects o SET state = 'superseded' FROM sluice.identities i
WHERE i.object_id = ANY($1::uuid[]) AND o.object_id = i.object_id AND o.month = i.month`;

const NOTE_REQUEUES = `
INSERT INTO sluice.decisions (verb, who, why, object_id, next_object_id)
SELECT 'requeue', 'sluice', 'the owner of its content gave the content up', object_id, next_object_id
FROM unnest($1::uuid[], $2::uuid[]) AS t(object_id, next_object_id)`;

/**
 * Claims the contents that these objects must or may own, and notes the copies. False when an object that must own its content finds
 * another owner, or a copy's owner is gone: then the transaction must not commit.
 */
export async function claimContents(
  tx: Statements,
  dataset: string,
  custody: readonly ObjectCustody[],
): Promise<boolean> {
  const wanted = custody.filter(({ content }) => content === 'own' || content === 'share');
  const values = (some: readonly ObjectCustody[], of: (one: ObjectCustody) => ObjectId | undefined) => [
    dataset,
    some.map(({ sha256 }) => Buffer.from(sha256, 'hex')),
    some.map(of),
  ];
  const claimed = wanted.length === 0 ? [] : await tx.rows<{ object_id: string }>(CLAIM, values(wanted, idOf));
  const owners = new Set(claimed.map((row) => row.object_id));
  if (wanted.some(({ object, content }) => content === 'own' && !owners.has(object))) return false;
  const copies = custody.filter(({ content }) => content === 'copy');
  if (copies.length > 0) {
    const held = await tx.rows<{ object_id: string }>(
      OWNED,
      values(copies, ({ owner }) => owner),
    );
    if (held.length < copies.length) return false;
  }
  const noted = [...copies, ...wanted.filter(({ object }) => !owners.has(object))];
  if (noted.length > 0) await tx.changed(NOTE_COPIES, values(noted, idOf));
  return true;
}

function idOf({ object }: ObjectCustody): ObjectId {
  return object;
}

/**
 * Objects that ended without their rows give their contents up: a copy with rows inherits; else those that wait go their way again as
 * their next generation. Returns the partitions to plan.
 */
export async function releaseContents(tx: Statements, objects: readonly string[]): Promise<readonly PartitionRef[]> {
  if (objects.length === 0) return [];
  const ended = [...objects].sort();
  await tx.changed(LEAVE_COPIES, [ended]);
  const gone = await tx.rows<{ dataset: string; sha256: Buffer }>(GIVE_UP, [ended]);
  if (gone.length === 0) return [];
  const contents = [gone.map((one) => one.dataset), gone.map((one) => one.sha256)];
  await tx.changed(INHERIT, contents);
  const waiters = await tx.rows<StoredLife>(WAITERS, contents);
  if (waiters.length === 0) return [];
  const ids = waiters.map((waiter) => waiter.object_id);
  await tx.changed(SUPERSEDE, [ids]);
  await tx.changed(LEAVE_COPIES, [ids]);
  const next = await addGenerations(
    tx,
    waiters.map((row) => ({ ...lifeOf(row), source: 'requeue', waived: false })),
  );
  await tx.changed(NOTE_REQUEUES, [ids.map(asObjectId), next]);
  return waiters.map(({ dataset, partition }) => ({ dataset, partition }));
}
