import { SluiceError } from '../errors.js';
import { quarantineAlerts } from './alertsOf.js';
import { raiseAlerts } from './alerts.js';
import { finishStep, openNextRank } from './advance.js';
import type { LedgerDatabase, Statements } from './database.js';
import { canonicalJson, manifestHash } from './manifest.js';
import type { Manifest, ManifestObject } from './manifest.js';
import type { ObjectCustody, ObjectState, StepClaim, StepDispatch } from './port.js';
import { addRowQuarantines } from './rowQuarantines.js';
import { settleCustody } from './settleCustody.js';
import { storable } from './text.js';

const STORE_MANIFEST = `
UPDATE sluice.batches
SET state = $2, manifest = $3, manifest_hash = $4, bytes_in = $5, bytes_out = $6, rows_in = $7, rows_out = $8, artifacts = $9
WHERE batch_id = $1`;

/** A released object goes back to arrived, is due again later, and leaves the batch; one set aside leaves it where it is. */
const SETTLE_OBJECTS = `
WITH outcome AS (
  SELECT * FROM unnest($2::uuid[], $3::sluice.object_state[], $4::bigint[], $5::text[], $6::text[], $8::bytea[], $9::boolean[],
    $10::bigint[], $11::bigint[])
    AS t(object_id, state, rows, code, reason, sha256, is_current, quarantined, filtered)
), member AS (
  SELECT m.month, outcome.* FROM outcome JOIN sluice.batch_objects m ON m.batch_id = $1 AND m.object_id = outcome.object_id AND m.live
), gone AS (
  UPDATE sluice.batch_objects m SET live = false FROM member
  WHERE m.batch_id = $1 AND m.object_id = member.object_id AND member.state IN ('arrived', 'quarantined', 'ignored', 'superseded')
)
UPDATE sluice.objects o
SET state = member.state, rows_in = member.rows, rows_quarantined = member.quarantined, rows_filtered = member.filtered,
  code = member.code, reason = member.reason,
  batch_id = CASE WHEN member.state = 'arrived' THEN NULL ELSE o.batch_id END,
  due_at = CASE WHEN member.state = 'arrived' THEN $7::timestamptz END,
  sha256 = member.sha256, proven_at = CASE WHEN member.is_current THEN now() END,
  releases = o.releases + (member.state = 'arrived')::integer,
  loaded_at = CASE WHEN member.state = 'loaded' THEN now() END
FROM member WHERE o.object_id = member.object_id AND o.month = member.month`;

/** A partition that waits for a later plan must not make a released object wait for it too. */
const PLAN_BY = `
UPDATE sluice.partitions SET plan_at = $3 WHERE dataset = $1 AND partition = $2 AND plan_at > $3`;

/** What an older batch brought is that batch's until this one is loaded. */
const MEMBERS = `
SELECT b.objects AS own, m.carried
FROM sluice.batches b, LATERAL (
  SELECT coalesce(array_agg(object_id::text) FILTER (WHERE carried), '{}') AS carried FROM sluice.batch_objects WHERE batch_id = $1
) m WHERE b.batch_id = $1`;

const CLOSE_STEPS = `UPDATE sluice.steps SET state = 'done', done_at = now() WHERE batch_id = $1 AND state = 'waiting'`;

/**
 * THE commit point of compact: compare-and-set on attempt and holder, then the manifest, every object's outcome and the next
 * step, all or nothing. A manifest without rows to load ends the batch as empty: its steps are closed, and its good objects
 * (which have no rows, or none that passed) are loaded; one that replaces older versions goes on to remove their rows. Throws LEASE_LOST
 * and CUSTODY_MOVED (something that `custody` rests on changed since it was read), changing nothing; INTERNAL for a manifest that does
 * not account for every object of the batch.
 */
export async function commitCompact(
  database: LedgerDatabase,
  claim: StepClaim,
  {
    manifest,
    releasedUntil,
    custody = [],
  }: { manifest: Manifest; releasedUntil: Date; custody?: readonly ObjectCustody[] },
): Promise<readonly StepDispatch[]> {
  const empty = !manifest.objects.some((object) => hasWork(object, manifest));
  return database.transaction(async (tx) => {
    await finishStep(tx, claim);
    await settleCustody(tx, { claim, manifest, custody });
    await storeManifest(tx, manifest, { state: empty ? 'empty' : 'compacted', batch: claim.batch });
    await settleObjects(tx, manifest, { claim, releasedUntil, custody, included: empty ? 'loaded' : 'compacted' });
    await raiseAlerts(tx, quarantineAlerts(claim, manifest));
    await addRowQuarantines(tx, claim, manifest);
    if (manifest.objects.some((object) => object.kind === 'released')) {
      await tx.changed(PLAN_BY, [claim.dataset, claim.partition, releasedUntil]);
    }
    if (!empty) return openNextRank(tx, claim);
    await tx.changed(CLOSE_STEPS, [claim.batch]);
    return [];
  });
}

/** Whether the steps after compact have something to do for an object: rows to load, or rows to remove. */
function hasWork(object: ManifestObject, { rows }: Manifest): boolean {
  return object.kind === 'included' && ((object.rows > 0 && rows.out > 0) || (object.replaces ?? []).length > 0);
}

async function storeManifest(
  tx: Statements,
  manifest: Manifest,
  { state, batch }: { state: 'empty' | 'compacted'; batch: string },
): Promise<void> {
  await tx.changed(STORE_MANIFEST, [
    batch,
    state,
    canonicalJson(manifest),
    manifestHash(manifest),
    manifest.bytes.in,
    manifest.bytes.out,
    manifest.rows.in,
    manifest.rows.out,
    manifest.artifacts.length,
  ]);
}

interface Settlement {
  readonly claim: StepClaim;
  readonly releasedUntil: Date;
  readonly custody: readonly ObjectCustody[];
  /** What included objects become. */
  readonly included: ObjectState;
}

async function settleObjects(
  tx: Statements,
  { objects }: Manifest,
  { claim, releasedUntil, custody, included }: Settlement,
): Promise<void> {
  const known = new Map(custody.map((one) => [one.object, one]));
  const settled = await tx.changed(SETTLE_OBJECTS, [
    claim.batch,
    objects.map((object) => object.object),
    objects.map((object) => stateAfter(object, included)),
    objects.map((object) => (object.kind === 'included' ? object.rows : null)),
    objects.map((object) => (object.kind === 'included' ? null : object.code)),
    objects.map((object) => (object.kind === 'included' ? null : storable(object.reason))),
    releasedUntil,
    objects.map(({ object }) => hashOf(known.get(object))),
    objects.map(({ object }) => known.get(object)?.isCurrent ?? false),
    objects.map((object) => (object.kind === 'included' ? (object.quarantined ?? 0) : 0)),
    objects.map((object) => (object.kind === 'included' ? (object.filtered ?? 0) : 0)),
  ]);
  const [members] = await tx.rows<{ own: number; carried: string[] }>(MEMBERS, [claim.batch]);
  const carried = new Set(members?.carried ?? []);
  const own = objects.filter(({ object }) => !carried.has(object)).length;
  if (settled === own && settled === members?.own) return;
  throw new SluiceError(
    'INTERNAL',
    `expected a manifest of ${members?.own ?? 0} objects, got ${own}, ${settled} of them in the batch`,
    {
      facts: { batch: claim.batch },
    },
  );
}

function hashOf(custody: ObjectCustody | undefined): Buffer | null {
  return custody === undefined ? null : Buffer.from(custody.sha256, 'hex');
}

function stateAfter(object: ManifestObject, included: ObjectState): ObjectState {
  if (object.kind === 'included') return included;
  return object.kind === 'released' ? 'arrived' : object.kind;
}
