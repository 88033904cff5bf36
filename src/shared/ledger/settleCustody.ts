import { SluiceError } from '../errors.js';
import { asObjectId } from '../ids.js';
import type { ObjectId } from '../ids.js';
import { claimContents } from './contents.js';
import type { Statements } from './database.js';
import { firstLife, markOutdone } from './generations.js';
import type { Manifest, ManifestObject } from './manifest.js';
import type { ObjectCustody, StepClaim } from './port.js';
import { groupByOf, isLive, isSettled, readVersions } from './surroundings.js';
import type { StoredVersion } from './surroundings.js';

/** In order of their ids, so that two batches with versions of the same keys wait for each other instead of deadlocking. */
const LOCK_VERSIONS = `
SELECT FROM sluice.identities i JOIN sluice.objects o ON o.object_id = i.object_id AND o.month = i.month
WHERE i.object_id = ANY($1::uuid[]) ORDER BY o.object_id FOR NO KEY UPDATE OF o`;

const ADD_REPLACEMENTS = `
INSERT INTO sluice.replacements (batch_id, object_id, old_id, old_month)
SELECT $1, t.object_id, t.old_id, i.month
FROM unnest($2::uuid[], $3::uuid[]) AS t(object_id, old_id) JOIN sluice.identities i ON i.object_id = t.old_id
ON CONFLICT DO NOTHING`;

const OWN_IDENTITIES = `
SELECT o.object_id, o.bucket, o.key, o.e_tag, o.size
FROM sluice.identities i JOIN sluice.objects o ON o.object_id = i.object_id AND o.month = i.month
WHERE i.object_id = ANY($1::uuid[])`;

/**
 * Part of compact's commit: makes sure that the versions and owners which compact saw still stand as it saw them, claims contents, notes
 * what replaces what, and which identities were outdone. Throws CUSTODY_MOVED, and the transaction must end, when something moved:
 * whoever looked before its HEAD and finds the same now has the newest version, whatever came in which order.
 */
export async function settleCustody(
  tx: Statements,
  { claim, manifest, custody }: { claim: StepClaim; manifest: Manifest; custody: readonly ObjectCustody[] },
): Promise<void> {
  const versions = await lockVersions(tx, claim);
  const byObject = groupByOf(versions);
  for (const one of custody) if (!standsAsSeen(one, byObject.get(one.object) ?? [])) throw moved(claim);
  if (!(await claimContents(tx, claim.dataset, custody))) throw moved(claim);
  await addReplacements(tx, claim, custody);
  await markOutdone(tx, await outdoneBy(tx, { manifest, custody, byObject }));
}

function moved({ batch, step }: StepClaim): SluiceError {
  return new SluiceError(
    'CUSTODY_MOVED',
    `expected versions and contents as batch ${batch} saw them, got another batch's commit in between`,
    { facts: { batch, step } },
  );
}

/** Reads the versions; where there are any, locks them and their keys' members, and reads again what stands then. */
async function lockVersions(tx: Statements, { batch }: StepClaim): Promise<readonly StoredVersion[]> {
  const found = await readVersions(tx, batch);
  if (found.length === 0) return found;
  await tx.rows(LOCK_VERSIONS, [[...new Set(found.flatMap(({ of, object_id }) => [of, object_id]))]]);
  return readVersions(tx, batch);
}

function standsAsSeen({ seen }: ObjectCustody, versions: readonly StoredVersion[]): boolean {
  const settled = new Map<string, boolean>(
    versions.filter(isSettled).map((version) => [version.object_id, isLive(version)]),
  );
  return settled.size === seen.length && seen.every(({ object, live }) => settled.get(object) === live);
}

async function addReplacements(tx: Statements, { batch }: StepClaim, custody: readonly ObjectCustody[]): Promise<void> {
  const pairs = custody.flatMap(({ object, replaces }) => replaces.map((old) => ({ object, old })));
  if (pairs.length === 0) return;
  await tx.changed(ADD_REPLACEMENTS, [batch, pairs.map(({ object }) => object), pairs.map(({ old }) => old)]);
}

interface Outcomes {
  readonly manifest: Manifest;
  readonly custody: readonly ObjectCustody[];
  readonly byObject: ReadonlyMap<string, readonly StoredVersion[]>;
}

/** The other versions of what was proven current; and what the store did not show as current itself. */
async function outdoneBy(tx: Statements, { manifest, custody, byObject }: Outcomes): Promise<readonly ObjectId[]> {
  const current = custody.filter(({ isCurrent }) => isCurrent);
  const others = current.flatMap(({ object }) => (byObject.get(object) ?? []).filter(isSettled));
  const late = custody.filter(({ isCurrent }) => !isCurrent).map(({ object }) => object);
  const replaced = custody.flatMap(({ replaces }) => replaces);
  const ids = [...others.map(({ object_id }) => object_id), ...replaced, ...late, ...manifest.objects.flatMap(goneOf)];
  if (ids.length === 0) return [];
  const rows = await tx.rows<Identity>(OWN_IDENTITIES, [
    [...new Set([...ids, ...current.map(({ object }) => object)])],
  ]);
  const firsts = new Map(rows.map((row) => [row.object_id, firstLife({ ...row, eTag: row.e_tag })]));
  const living = new Set(current.map(({ object }) => firsts.get(object)));
  return [...new Set(ids.flatMap((id) => firsts.get(id) ?? []))].filter((first) => !living.has(first)).sort();
}

interface Identity {
  readonly object_id: string;
  readonly bucket: string;
  readonly key: string;
  readonly e_tag: string;
  readonly size: number;
  readonly [column: string]: unknown;
}

/** An object whose bytes the store did not have when they were fetched. */
function goneOf(object: ManifestObject): readonly ObjectId[] {
  const isGone =
    object.kind === 'quarantined' && (object.code === 'OBJECT_CHANGED' || object.code === 'OBJECT_MISSING');
  return isGone ? [asObjectId(object.object)] : [];
}
