import { assertNever } from '../errors.js';
import { asBatchId, asObjectId } from '../ids.js';
import type { Statements } from './database.js';
import type { Decision } from './port.js';
import type { LedgerDatabase } from './database.js';
import type { DecisionAnswer, DecisionRequest, ObjectState } from './port.js';
import { decideBatch, decideMember } from './decideBatch.js';
import { endObjects, noteDecision, sendAgain } from './setObjectsFree.js';
import { storable } from './text.js';

const DECISIONS = `
SELECT verb, at, who, why, batch_id, object_id, next_object_id FROM sluice.decisions WHERE object_id = $1
UNION ALL SELECT verb, at, who, why, batch_id, object_id, next_object_id FROM sluice.decisions WHERE batch_id = $1 AND object_id IS NULL
ORDER BY at`;

const READ_OBJECT = `
SELECT o.state, o.code, o.batch_id FROM sluice.identities i JOIN sluice.objects o ON o.object_id = i.object_id AND o.month = i.month
WHERE i.object_id = $1`;

const LOCK_OBJECT = `${READ_OBJECT} FOR NO KEY UPDATE OF o`;

/** States in which an object goes with its batch. */
const ON_ITS_WAY: ReadonlySet<ObjectState> = new Set(['batched', 'compacted', 'held', 'judged']);

/** Codes that a rule of custody gave, not a fault: a person may let such an object through as it is. */
const WAIVABLE: ReadonlySet<string> = new Set(['DUPLICATE_CONTENT', 'OBJECT_OVERWRITTEN']);

/**
 * Takes a decision about a quarantined object, a batch that is held or given up, or an object of such a batch, in one transaction with its note of who and why. Replay and release of an
 * object never move its state back: its next generation goes the way anew, and it is superseded. Of two calls one decides.
 */
export async function decide(database: LedgerDatabase, request: DecisionRequest): Promise<DecisionAnswer> {
  const asked = { ...request, who: storable(request.who, 200), why: storable(request.why) };
  return database.transaction(async (tx) => {
    // A batch is locked before its objects, as its steps do.
    const [member] = await tx.rows<StoredObject>(READ_OBJECT, [asked.id]);
    if (member === undefined) return decideBatch(tx, asked);
    if (ON_ITS_WAY.has(member.state) && member.batch_id !== null) return decideMember(tx, asked, member.batch_id);
    const [object = member] = await tx.rows<StoredObject>(LOCK_OBJECT, [asked.id]);
    const refusal = await refuse(tx, asked, object);
    return refusal ?? decideObject(tx, asked);
  });
}

interface StoredObject {
  readonly state: ObjectState;
  readonly code: string | null;
  readonly batch_id: string | null;
  readonly [column: string]: unknown;
}

async function refuse(
  tx: Statements,
  { verb, id }: DecisionRequest,
  { state, code }: StoredObject,
): Promise<DecisionAnswer | undefined> {
  const isAside = state === 'quarantined' || (state === 'ignored' && verb !== 'discard');
  if (!isAside) {
    const last = (await readDecisions(tx, id)).at(-1);
    if (last !== undefined && (state === 'superseded' || state === 'ignored'))
      return { kind: 'already', decision: last };
    return { kind: 'refused', reason: `expected an object in quarantine, got one that is ${state}` };
  }
  if (verb !== 'release' || WAIVABLE.has(code ?? '')) return undefined;
  const reason = `expected an object that a rule about overwrites or duplicates set aside, got ${code ?? 'no code'}: mend it and replay`;
  return { kind: 'refused', reason };
}

async function decideObject(tx: Statements, request: DecisionRequest): Promise<DecisionAnswer> {
  switch (request.verb) {
    case 'replay':
    case 'release': {
      const sent = await sendAgain(tx, [request.id], { waived: request.verb === 'release', source: request.verb });
      await noteDecision(tx, request, sent.pairs);
      return { kind: 'done', next: sent.pairs.map(({ next }) => next), partitions: sent.partitions, steps: [] };
    }
    case 'discard': {
      const partitions = await endObjects(tx, [request.id]);
      await noteDecision(tx, request, [{ object: asObjectId(request.id) }]);
      return { kind: 'done', next: [], partitions, steps: [] };
    }
    default:
      return assertNever(request.verb);
  }
}

interface StoredDecision {
  readonly verb: Decision['verb'];
  readonly at: Date;
  readonly who: string;
  readonly why: string;
  readonly batch_id: string | null;
  readonly object_id: string | null;
  readonly next_object_id: string | null;
}

/** What was decided about an object or a batch, the oldest first. */
export async function readDecisions(statements: Statements, id: string): Promise<readonly Decision[]> {
  const rows = await statements.rows<StoredDecision & Record<string, unknown>>(DECISIONS, [id]);
  return rows.map(({ verb, at, who, why, batch_id, object_id, next_object_id }) => ({
    verb,
    at,
    who,
    why,
    ...(batch_id === null ? {} : { batch: asBatchId(batch_id) }),
    ...(object_id === null ? {} : { object: asObjectId(object_id) }),
    ...(next_object_id === null ? {} : { nextObject: asObjectId(next_object_id) }),
  }));
}
