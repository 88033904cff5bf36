import type { ObjectId } from '../../shared/ids.js';
import type { ManifestObject } from '../../shared/ledger/manifest.js';
import type { BatchObject } from '../../shared/ledger/port.js';
import type { ObjectAccount } from './accountObjects.js';
import type { CompactedObject, CompactFilesResult } from './compactFiles.js';
import type { FetchedObject, FetchReport } from './fetchObjects.js';
import type { CustodyVerdict } from './judgeCustody.js';

/** What was fetched, by whose it is. Batches of other modes than replace carry nothing. */
export interface PartedReport {
  /** What the batch itself brings. */
  readonly own: FetchReport;
  /** What older batches brought and the store still has. */
  readonly carried: readonly FetchedObject[];
  /** What older batches brought and the store does not have any more, or has with other bytes. */
  readonly gone: readonly ObjectId[];
}

/** A carried object is there when its key has the same bytes still; a bucket with versions would answer with those that were deleted. Pure. */
export function asItIsNow(object: BatchObject): BatchObject {
  if (object.carried !== true) return object;
  const { versionId: _versionId, ...rest } = object;
  return rest;
}

/** Parts the objects that the batch brings from those that it carries. Pure. */
export function partReport(report: FetchReport, objects: readonly BatchObject[]): PartedReport {
  const older = new Set(objects.flatMap(({ object, carried }) => (carried ? [object] : [])));
  const isOwn = ({ object }: { readonly object: ObjectId }) => !older.has(object);
  return {
    own: { fetched: report.fetched.filter(isOwn), missing: report.missing.filter(isOwn) },
    carried: report.fetched.filter((one) => !isOwn(one)),
    gone: report.missing.filter((one) => !isOwn(one)).map(({ object }) => object),
  };
}

/**
 * Those that are read again: none when the batch brings nothing, for then everything stays as it is; and not those whose place a newer
 * version takes. Pure.
 */
export function keepCarried(
  carried: readonly FetchedObject[],
  verdicts: readonly CustodyVerdict[],
): readonly FetchedObject[] {
  const taken = verdicts.filter(({ kind }) => kind === 'take');
  if (taken.length === 0) return [];
  const replaced = new Set(taken.flatMap(({ custody }) => custody.replaces));
  return carried.filter(({ object }) => !replaced.has(object));
}

/** Has the first object that goes on take the place of those that are gone, so that their rows leave with its load. Pure. */
export function replaceGone(
  verdicts: readonly CustodyVerdict[],
  gone: readonly ObjectId[],
  compacted: ReadonlyMap<string, CompactedObject>,
): readonly CustodyVerdict[] {
  const first = verdicts.findIndex(
    ({ kind, custody }) => kind === 'take' && compacted.get(custody.object)?.kind === 'included',
  );
  const claimed = new Set(verdicts.flatMap(({ custody }) => custody.replaces));
  const left = gone.filter((object) => !claimed.has(object));
  if (first === -1 || left.length === 0) return verdicts;
  return verdicts.map((verdict, index) => {
    if (index !== first) return verdict;
    const { custody } = verdict;
    return { ...verdict, custody: { ...custody, replaces: [...custody.replaces, ...left] } };
  });
}

/** What compaction made of the batch, joined with what it carries. */
export interface JoinedAccount extends ObjectAccount {
  readonly result: CompactFilesResult;
}

/**
 * Adds what is carried to the account of the batch's own objects. When these change nothing (none went on, or none has a row or takes a
 * place), what is carried stays with its batches: it is left out, and so are its rows. Pure.
 */
export function joinCarried(
  account: ObjectAccount,
  carried: readonly FetchedObject[],
  result: CompactFilesResult,
): JoinedAccount {
  if (carried.length === 0) return { ...account, result };
  if (!account.objects.some(isChange)) {
    const { content: _content, ...rest } = result;
    return { ...account, result: { ...rest, artifacts: [], aside: [], rows: { in: 0, out: 0 } } };
  }
  const compacted = new Map(result.objects.map((one) => [one.object, one]));
  const lines = carried.flatMap(({ object, sha256 }): readonly ManifestObject[] => {
    const one = compacted.get(object);
    return one === undefined ? [] : [{ ...one, object, sha256 }];
  });
  return { objects: [...account.objects, ...lines], custody: account.custody, result };
}

function isChange(object: ManifestObject): boolean {
  return object.kind === 'included' && (object.rows > 0 || (object.replaces ?? []).length > 0);
}
