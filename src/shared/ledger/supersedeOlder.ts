import { releaseContents } from './contents.js';
import type { Statements } from './database.js';
import type { PartitionRef, ReplaceScope, StepClaim } from './port.js';

/** What the batch made of the objects that it carries. Those that a newer batch has, or that were replaced, are no more its. */
const OUTCOMES = `
SELECT m.object_id, m.month::text AS month, made.kind, made.rows, made.quarantined, made.filtered, made.code, made.reason
FROM sluice.batch_objects m
JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
JOIN (
  SELECT x.object, x.kind, x.rows, x.quarantined, x.filtered, x.code, x.reason
  FROM sluice.batches b, json_to_recordset(b.manifest -> 'objects')
    AS x(object uuid, kind text, rows bigint, quarantined bigint, filtered bigint, code text, reason text)
  WHERE b.batch_id = $1
) made ON made.object = m.object_id
WHERE m.batch_id = $1 AND m.carried AND NOT m.live AND o.state IN ('judged', 'loaded') AND o.batch_id < $1
ORDER BY o.object_id FOR NO KEY UPDATE OF o`;

const LEAVE = 'UPDATE sluice.batch_objects SET live = false WHERE object_id = ANY($1::uuid[]) AND live';

const COME = 'UPDATE sluice.batch_objects SET live = true WHERE batch_id = $1 AND object_id = ANY($2::uuid[])';

const TAKE = `
UPDATE sluice.objects o
SET batch_id = $1, state = t.state, rows_in = t.rows, rows_quarantined = t.quarantined, rows_filtered = t.filtered, code = t.code,
  reason = t.reason, loaded_at = coalesce(o.loaded_at, now())
FROM unnest($2::uuid[], $3::date[], $4::sluice.object_state[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
  AS t(object_id, month, state, rows, quarantined, filtered, code, reason)
WHERE o.object_id = t.object_id AND o.month = t.month`;

/** Of a table that is replaced whole: what the other partitions had in it. */
const OUTDATE = `
WITH old AS (
  SELECT o.object_id, o.month FROM sluice.batches b
  JOIN sluice.batch_objects m ON m.batch_id = b.batch_id AND m.live
  JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
  WHERE b.dataset = $2 AND b.partition <> $3 AND b.batch_id < $1 AND b.state IN ('judged', 'loaded') AND o.state IN ('judged', 'loaded')
  ORDER BY o.object_id FOR NO KEY UPDATE OF o
), gone AS (
  UPDATE sluice.batch_objects m SET live = false FROM old WHERE m.object_id = old.object_id AND m.live
)
UPDATE sluice.objects o SET state = 'superseded' FROM old WHERE o.object_id = old.object_id AND o.month = old.month
RETURNING o.object_id`;

const END_BATCHES = `
WITH ended AS (
  UPDATE sluice.batches b SET state = 'superseded'
  WHERE b.dataset = $2 AND ($4 OR b.partition = $3) AND b.batch_id < $1 AND b.state IN ('judged', 'loaded')
    AND NOT EXISTS (SELECT FROM sluice.batch_objects m WHERE m.batch_id = b.batch_id AND m.live)
  RETURNING b.batch_id
)
UPDATE sluice.steps s SET state = 'done', done_at = now(), holder = NULL, lease_until = NULL
FROM ended WHERE s.batch_id = ended.batch_id AND s.state <> 'done'`;

interface Outcome extends Record<string, unknown> {
  readonly object_id: string;
  readonly month: string;
  readonly kind: string;
  readonly rows: number | null;
  readonly quarantined: number | null;
  readonly filtered: number | null;
  readonly code: string | null;
  readonly reason: string | null;
}

/**
 * The end of a batch of write mode replace, when every table has it: what it carried is its own from here on, what it could not read any
 * more is quarantined, a whole table's other partitions are superseded, and so are the batches that have nothing left. Returns partitions to plan.
 */
export async function supersedeOlder(
  tx: Statements,
  { batch, dataset, partition }: StepClaim,
  scope: ReplaceScope,
): Promise<readonly PartitionRef[]> {
  const carried = await tx.rows<Outcome>(OUTCOMES, [batch]);
  const kept = carried.filter(({ kind }) => kind === 'included');
  const broken = carried.filter(({ kind }) => kind !== 'included');
  await tx.changed(LEAVE, [carried.map(idOf)]);
  await tx.changed(COME, [batch, kept.map(idOf)]);
  await takeOver(tx, batch, carried);
  const outdated = scope === 'table' ? await tx.rows<{ object_id: string }>(OUTDATE, [batch, dataset, partition]) : [];
  await tx.changed(END_BATCHES, [batch, dataset, partition, scope === 'table']);
  return releaseContents(tx, [...broken, ...outdated].map(idOf));
}

async function takeOver(tx: Statements, batch: string, carried: readonly Outcome[]): Promise<void> {
  await tx.changed(TAKE, [
    batch,
    carried.map(idOf),
    carried.map(({ month }) => month),
    carried.map(({ kind }) => (kind === 'included' ? 'loaded' : 'quarantined')),
    carried.map(({ rows }) => rows),
    carried.map(({ quarantined }) => quarantined ?? 0),
    carried.map(({ filtered }) => filtered ?? 0),
    carried.map(({ code }) => code),
    carried.map(({ reason }) => reason),
  ]);
}

function idOf({ object_id: id }: { readonly object_id: string }): string {
  return id;
}
