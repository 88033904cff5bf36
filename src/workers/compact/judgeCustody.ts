import type { DuplicateRule, OverwriteRule } from '../../shared/config/dataset.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { ObjectId } from '../../shared/ids.js';
import { type KeyVersion, LIVE_STATES, type ObjectCustody, type Surroundings } from '../../shared/ledger/port.js';

/** An object whose bytes are here. */
export interface JudgedInput {
  readonly object: ObjectId;
  /** Its key: the ending tells the format. */
  readonly name: string;
  readonly uri: string;
  readonly sha256: string;
  /** A person let it through: neither rule applies. */
  readonly waived: boolean;
}

export interface CustodyRules {
  readonly onOverwrite: OverwriteRule;
  readonly onDuplicateContent: DuplicateRule;
}

/** What the store shows under a key now. `gone`: nothing. */
export type CurrentState = 'same' | 'other' | 'gone';

/** Taken into the artifacts, set aside for a reason, or the twin of one that is taken. */
export type CustodyVerdict =
  | { readonly kind: 'take'; readonly custody: ObjectCustody }
  | {
      readonly kind: 'aside';
      readonly state: 'quarantined' | 'ignored' | 'superseded';
      readonly code: ErrorCode;
      readonly reason: string;
      readonly custody: ObjectCustody;
    }
  | { readonly kind: 'twin'; readonly of: ObjectId; readonly custody: ObjectCustody };

export interface CustodyCase {
  readonly inputs: readonly JudgedInput[];
  readonly surroundings: ReadonlyMap<ObjectId, Surroundings>;
  /** What a HEAD after the surroundings were read showed, for every object that has other versions. */
  readonly current: ReadonlyMap<ObjectId, CurrentState>;
  readonly rules: CustodyRules;
}

/**
 * Judges the objects of a batch by the other versions of their keys and by who has the same bytes. The store's word on what is current
 * decides which version is newer; what events told is used only where the key is gone. Of equal bytes within the batch the first is
 * taken and the others are its twins, whose fate follows from its rows. Pure.
 */
export function judgeCustody({ inputs, surroundings, current, rules }: CustodyCase): readonly CustodyVerdict[] {
  const firsts = new Map<string, JudgedInput>();
  const owned = new Set<string>();
  return inputs.map((input) => {
    const around = surroundings.get(input.object);
    const applied = input.waived ? WAIVED : rules;
    const base = seenOf(input, around, current.get(input.object));
    const overwrite = judgeVersions(around, current.get(input.object), { base, rule: applied.onOverwrite });
    if (overwrite.kind === 'aside' || applied.onDuplicateContent === 'load')
      return overwrite.kind === 'aside' ? overwrite : take(overwrite.custody, 'share');
    const owner = around?.owner;
    if (owner !== undefined && !owner.sameKey)
      return duplicate(overwrite.custody, { owner: owner.object, uri: owner.uri, rule: applied.onDuplicateContent });
    if (owner !== undefined) return take(overwrite.custody, 'share');
    const first = firsts.get(contentKey(input));
    if (first !== undefined) return { kind: 'twin', of: first.object, custody: overwrite.custody };
    firsts.set(contentKey(input), input);
    if (owned.has(input.sha256)) return take(overwrite.custody, 'share');
    owned.add(input.sha256);
    return take(overwrite.custody, 'own');
  });
}

const WAIVED: CustodyRules = { onOverwrite: 'append', onDuplicateContent: 'load' };

/** A duplicate of a live owner, in the words that people read. */
export function duplicate(
  custody: ObjectCustody,
  { owner, uri, rule }: { owner: ObjectId; uri: string; rule: DuplicateRule },
): CustodyVerdict {
  return {
    kind: 'aside',
    state: rule === 'ignore' ? 'ignored' : 'quarantined',
    code: 'DUPLICATE_CONTENT',
    reason: `expected bytes that no other object has, got those of ${uri}`,
    custody: { ...custody, content: 'copy', owner, replaces: [] },
  };
}

/** The same bytes under the ending of another format are read for themselves. */
function contentKey({ sha256, name }: JudgedInput): string {
  const format = FORMATS.find(([ending]) => ending.test(name))?.[1] ?? '';
  return `${sha256} ${format} ${/\.(gz|zst)$/i.exec(name)?.[0].toLowerCase() ?? ''}`;
}

const FORMATS: readonly (readonly [RegExp, string])[] = [
  [/\.(parquet|pq)$/i, 'parquet'],
  [/\.(json|jsonl|ndjson)(\.(gz|zst))?$/i, 'json'],
];

function take(custody: ObjectCustody, content: 'own' | 'share'): CustodyVerdict {
  return { kind: 'take', custody: { ...custody, content } };
}

function seenOf(
  { object, sha256 }: JudgedInput,
  around: Surroundings | undefined,
  current: CurrentState | undefined,
): ObjectCustody {
  const versions = around?.versions ?? [];
  return {
    object,
    sha256,
    seen: versions.map((version) => ({ object: version.object, live: isLive(version) })),
    isCurrent: versions.length === 0 || current === 'same',
    replaces: [],
    content: 'none',
  };
}

function isLive({ state }: KeyVersion): boolean {
  return LIVE_STATES.includes(state);
}

type Judged = Exclude<CustodyVerdict, { kind: 'twin' }>;

function judgeVersions(
  around: Surroundings | undefined,
  current: CurrentState | undefined,
  { base, rule }: { base: ObjectCustody; rule: OverwriteRule },
): Judged {
  const versions = around?.versions ?? [];
  const live = versions.filter(isLive);
  const replaceable = versions.filter((version) => isLive(version) || version.state === 'quarantined');
  const newest = around === undefined || isNewest(around, versions, current);
  const replaces = newest && rule !== 'append' ? replaceable.map(({ object }) => object) : [];
  if (live.length === 0 || rule === 'append') return { kind: 'take', custody: { ...base, replaces } };
  if (rule === 'replace' && newest) return { kind: 'take', custody: { ...base, replaces } };
  return {
    kind: 'aside',
    state: rule === 'replace' ? 'superseded' : 'quarantined',
    code: 'OBJECT_OVERWRITTEN',
    reason: newest
      ? `expected the first version of the key, got a newer one; rows of object ${live[0]?.object ?? ''} stay`
      : `expected the newest version of the key, got an older one; rows of object ${live[0]?.object ?? ''} stay`,
    custody: base,
  };
}

/** The store's word; where the key is gone, what the events and listings told. */
function isNewest(me: Surroundings, versions: readonly KeyVersion[], current: CurrentState | undefined): boolean {
  if (versions.length === 0 || current === 'same') return true;
  if (current === 'other') return false;
  return versions.every((version) => compareHints(me, version) > 0);
}

type Hints = Pick<KeyVersion, 'sequencer' | 'lastModified' | 'arrivedAt'>;

/** Sequencers are hexadecimal texts; the shorter one is filled up with zeros on the right before they are compared. */
function compareHints(a: Hints, b: Hints): number {
  if (a.sequencer !== undefined && b.sequencer !== undefined && a.sequencer !== b.sequencer) {
    const length = Math.max(a.sequencer.length, b.sequencer.length);
    const [left, right] = [a.sequencer, b.sequencer].map((text) => text.toLowerCase().padEnd(length, '0'));
    return (left ?? '') < (right ?? '') ? -1 : 1;
  }
  const [left, right] =
    a.lastModified && b.lastModified ? [a.lastModified, b.lastModified] : [a.arrivedAt, b.arrivedAt];
  return left.getTime() - right.getTime();
}
