import type { DuplicateRule } from '../../shared/config/dataset.js';
import type { ManifestObject } from '../../shared/ledger/manifest.js';
import type { ObjectCustody } from '../../shared/ledger/port.js';
import type { CompactedObject } from './compactFiles.js';
import { type CustodyVerdict, duplicate } from './judgeCustody.js';

/** What the manifest and the ledger's commit say of the objects that were fetched. */
export interface ObjectAccount {
  readonly objects: readonly ManifestObject[];
  readonly custody: readonly ObjectCustody[];
}

export interface AccountCase {
  readonly verdicts: readonly CustodyVerdict[];
  /** What compaction made of the objects that were taken, by object. */
  readonly compacted: ReadonlyMap<string, CompactedObject>;
  /** Addresses, by object. */
  readonly uris: ReadonlyMap<string, string>;
  readonly rule: DuplicateRule;
}

/** Joins the verdicts with what compaction found: only an object with rows claims its content and takes another's place. Pure. */
export function accountObjects({ verdicts, compacted, uris, rule }: AccountCase): ObjectAccount {
  const lines = verdicts.map((verdict) => {
    if (verdict.kind === 'aside') return asideLine(verdict);
    if (verdict.kind === 'take') return takenLine(verdict.custody, compacted.get(verdict.custody.object));
    const first = compacted.get(verdict.of);
    if (first?.kind !== 'included' || first.rows === 0) return takenLine(verdict.custody, first);
    const uri = uris.get(verdict.of) ?? `object ${verdict.of}`;
    return asideLine(duplicate(verdict.custody, { owner: verdict.of, uri, rule }));
  });
  return { objects: lines.flatMap(({ object }) => object), custody: lines.map(({ custody }) => custody) };
}

interface Line {
  readonly object: readonly ManifestObject[];
  readonly custody: ObjectCustody;
}

function asideLine(verdict: CustodyVerdict): Line {
  const { custody } = verdict;
  if (verdict.kind !== 'aside') return { object: [], custody };
  const { state, code, reason } = verdict;
  return { object: [{ object: custody.object, kind: state, code, reason, sha256: custody.sha256 }], custody };
}

function takenLine(custody: ObjectCustody, answer: CompactedObject | undefined): Line {
  const { object, sha256, replaces } = custody;
  if (answer === undefined) return { object: [], custody };
  if (answer.kind === 'quarantined') {
    const { code, reason } = answer;
    const none = { ...custody, content: 'none' as const, replaces: [] };
    return { object: [{ object, kind: 'quarantined', code, reason, sha256 }], custody: none };
  }
  const { rows, quarantined, filtered } = answer;
  const included = {
    object,
    kind: 'included' as const,
    rows,
    ...(quarantined === undefined ? {} : { quarantined }),
    ...(filtered === undefined ? {} : { filtered }),
    sha256,
  };
  return {
    object: [replaces.length === 0 ? included : { ...included, replaces }],
    custody: answer.rows === 0 ? { ...custody, content: 'none' } : custody,
  };
}
