import type { AuditObject, ObjectState } from '../../shared/ledger/port.js';

/** What a target says of one object's rows in one table. `error`: it could not be counted. */
export type TargetCount =
  | { readonly present: number; readonly unchanged: number; readonly overwritten: number; readonly removed: number }
  | { readonly error: string };

/** `pending`: not at the end of its way. `unverified`: a target could not be counted. Only `balanced` is well. */
export const AUDIT_VERDICTS = ['balanced', 'unbalanced', 'pending', 'unverified'] as const;
export type AuditVerdict = (typeof AUDIT_VERDICTS)[number];

const ENDED: ReadonlySet<ObjectState> = new Set(['loaded', 'judged', 'quarantined', 'ignored', 'superseded']);

/**
 * Judges one object by its counts: rows in = present + unchanged + overwritten + removed + quarantined + deduplicated +
 * filtered, in every table. An object that is set aside whole must have no row in any table. One that is superseded must have
 * none either, and where its batch was loaded, all its rows must have been removed or kept out. `required` says whether the dataset has
 * tables to load. Pure.
 */
export function judgeObject(object: AuditObject, counts: readonly TargetCount[], required: boolean): AuditVerdict {
  if (!ENDED.has(object.state) || (object.state === 'judged' && required)) return 'pending';
  if (counts.some((count) => 'error' in count)) return 'unverified';
  const setAside = object.rowsQuarantined + object.rowsDeduplicated + object.rowsFiltered;
  const atTargets = counts.map(rowsAt);
  switch (object.state) {
    case 'quarantined':
    case 'ignored':
      return counts.every(isUntouched) ? 'balanced' : 'unbalanced';
    case 'loaded':
      return (atTargets.length === 0 ? [0] : atTargets).every((rows) => rows + setAside === object.rowsIn)
        ? 'balanced'
        : 'unbalanced';
    case 'superseded':
      return counts.every((count) => isEmpty(count)) &&
        (object.loads.length === 0 || atTargets.every((rows) => rows + setAside === object.rowsIn))
        ? 'balanced'
        : 'unbalanced';
    default:
      return 'balanced';
  }
}

/** No row is there, nor judged as equal or older; what an earlier batch had of it may have left with that batch. */
function isUntouched(count: TargetCount): boolean {
  return !('error' in count) && count.present + count.unchanged + count.overwritten === 0;
}

function isEmpty(count: TargetCount): boolean {
  return !('error' in count) && count.present === 0;
}

function rowsAt(count: TargetCount): number {
  return 'error' in count ? 0 : count.present + count.unchanged + count.overwritten + count.removed;
}
