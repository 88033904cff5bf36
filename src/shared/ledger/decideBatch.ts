import { asBatchId, asObjectId } from '../ids.js';
import type { BatchId, ObjectId } from '../ids.js';
import { DISPATCH_COLUMNS, readStepDispatch } from './batchRows.js';
import type { StoredDispatch } from './batchRows.js';
import type { Statements } from './database.js';
import type { BatchState, DecisionAnswer, DecisionRequest } from './port.js';
import { supersedeReplaced } from './replacements.js';
import { endObjects, noteDecision, sendAgain } from './setObjectsFree.js';

const MEMBERS = 'SELECT object_id FROM sluice.batch_objects WHERE batch_id = $1 AND live ORDER BY object_id';

const LAST = `
SELECT verb, at, who, why FROM sluice.decisions WHERE batch_id = $1 AND object_id IS NULL ORDER BY decision_id DESC LIMIT 1`;

const JUDGE = "UPDATE sluice.batches SET state = 'judged' WHERE batch_id = $1";

const JUDGE_OBJECTS = `
UPDATE sluice.objects o SET state = 'judged'
FROM sluice.batch_objects m
WHERE m.batch_id = $1 AND m.live AND o.object_id = m.object_id AND o.month = m.month AND o.state <> 'superseded'`;

const OPEN_STEPS = `
UPDATE sluice.steps s SET state = 'pending', dispatch = s.dispatch + 1, dispatched_at = now()
WHERE s.batch_id = $1 AND s.state = 'waiting'
  AND s.rank = (SELECT min(open.rank) FROM sluice.steps open WHERE open.batch_id = $1 AND open.state <> 'done')
RETURNING ${DISPATCH_COLUMNS}`;

const REARM = `
UPDATE sluice.steps s SET state = 'pending', failures = 0, crashes = 0, not_before = NULL, dispatch = s.dispatch + 1, dispatched_at = now()
WHERE s.batch_id = $1 AND s.state = 'failed'
RETURNING ${DISPATCH_COLUMNS}`;

/** A worker that still holds a step finds it done, and its commit refused. */
const CLOSE_STEPS = `
UPDATE sluice.steps SET state = 'done', done_at = now(), holder = NULL, lease_until = NULL WHERE batch_id = $1 AND state <> 'done'`;

const EMPTY = "UPDATE sluice.batches SET state = 'empty' WHERE batch_id = $1";

const LOCK_STEPS = `
SELECT state, holder IS NOT NULL AND lease_until >= now() AS busy FROM sluice.steps WHERE batch_id = $1 ORDER BY rank, target, table_name FOR UPDATE`;

const LOADED = 'SELECT target, table_name FROM sluice.loads WHERE batch_id = $1 ORDER BY target, table_name LIMIT 1';

/**
 * Takes a decision about a batch that is held, or that a step gave up. Held and released, it is judged and goes on to its loads; given up and
 * released, its failed steps are tried again. Replayed, its objects go their way anew as their next generation; discarded, they are ignored.
 * After the last two it is empty; they are refused when a table has the batch already.
 */
export async function decideBatch(tx: Statements, request: DecisionRequest): Promise<DecisionAnswer> {
  const found = await findBatch(tx, request.id);
  switch (found.kind) {
    case 'unknown':
      return { kind: 'refused', reason: 'the ledger knows no object and no batch of that id' };
    case 'closed':
      return decidedBefore(tx, request, found.state);
    case 'loaded':
      if (request.verb !== 'release') return { kind: 'refused', reason: found.reason };
  }
  const id = asBatchId(request.id);
  await noteDecision(tx, request, [{ batch: id }]);
  if (request.verb !== 'release') return emptyBatch(tx, id, request);
  return found.kind === 'held' ? releaseBatch(tx, id) : tryAgain(tx, id);
}

/**
 * Discards one object of a batch that is held or given up: it is ignored, and the others go their way anew. Other decisions are about
 * the batch as a whole: what it holds was judged together.
 */
export async function decideMember(tx: Statements, request: DecisionRequest, batch: string): Promise<DecisionAnswer> {
  const found = await findBatch(tx, batch);
  if (found.kind === 'loaded') return { kind: 'refused', reason: found.reason };
  if (found.kind !== 'held' && found.kind !== 'givenUp')
    return { kind: 'refused', reason: 'expected an object that is set aside, got one on its way' };
  if (request.verb !== 'discard') {
    const how = found.kind === 'held' ? 'is held' : 'gave up';
    return { kind: 'refused', reason: `its batch ${how}: ${request.verb} the batch ${batch}, or discard this object` };
  }
  const members = await membersOf(tx, asBatchId(batch));
  if (!members.some((member) => member === request.id)) return decidedBefore(tx, request, 'empty');
  return emptyBatch(tx, asBatchId(batch), request, asObjectId(request.id));
}

async function membersOf(tx: Statements, batch: BatchId): Promise<readonly ObjectId[]> {
  return (await tx.rows<{ object_id: string }>(MEMBERS, [batch])).map((row) => asObjectId(row.object_id));
}

type Found =
  | { readonly kind: 'unknown' | 'held' | 'givenUp' }
  | { readonly kind: 'closed'; readonly state: BatchState }
  /** Given up, though one of its tables has it. */
  | { readonly kind: 'loaded'; readonly reason: string };

async function findBatch(tx: Statements, id: string): Promise<Found> {
  const [batch] = await tx.rows<{ state: BatchState }>(
    'SELECT state FROM sluice.batches WHERE batch_id = $1 FOR NO KEY UPDATE',
    [id],
  );
  if (batch === undefined) return { kind: 'unknown' };
  if (batch.state === 'held') return { kind: 'held' };
  const steps = await tx.rows<{ state: string; busy: boolean }>(LOCK_STEPS, [id]);
  if (!steps.some(({ state }) => state === 'failed') || steps.some(({ busy }) => busy))
    return { kind: 'closed', state: batch.state };
  const [load] = await tx.rows<{ target: string; table_name: string }>(LOADED, [id]);
  if (load === undefined) return { kind: 'givenUp' };
  const reason = `${load.target}.${load.table_name} has the batch already: release it, so that its other loads are tried again`;
  return { kind: 'loaded', reason };
}

async function decidedBefore(tx: Statements, { id }: DecisionRequest, state: BatchState): Promise<DecisionAnswer> {
  type Last = { verb: DecisionRequest['verb']; at: Date; who: string; why: string };
  const [last] = await tx.rows<Last>(LAST, [id]);
  if (last !== undefined) return { kind: 'already', decision: { ...last, batch: asBatchId(id) } };
  return { kind: 'refused', reason: `expected a batch that is held or that a step gave up, got one that is ${state}` };
}

async function releaseBatch(tx: Statements, batch: BatchId): Promise<DecisionAnswer> {
  await tx.changed(JUDGE, [batch]);
  await tx.changed(JUDGE_OBJECTS, [batch]);
  const steps = (await tx.rows<StoredDispatch & Record<string, unknown>>(OPEN_STEPS, [batch])).map(readStepDispatch);
  const partitions = steps.length === 0 ? await supersedeReplaced(tx, batch) : [];
  return { kind: 'done', next: [], partitions, steps };
}

async function tryAgain(tx: Statements, batch: BatchId): Promise<DecisionAnswer> {
  const steps = (await tx.rows<StoredDispatch & Record<string, unknown>>(REARM, [batch])).map(readStepDispatch);
  return { kind: 'done', next: [], partitions: [], steps };
}

/** `only`: the one object that the decision is about; the others are sent again. */
async function emptyBatch(
  tx: Statements,
  batch: BatchId,
  request: DecisionRequest,
  only?: ObjectId,
): Promise<DecisionAnswer> {
  const members = await membersOf(tx, batch);
  await tx.changed(EMPTY, [batch]);
  await tx.changed(CLOSE_STEPS, [batch]);
  const ended = request.verb === 'replay' ? [] : members.filter((member) => only === undefined || member === only);
  const again = members.filter((member) => !ended.includes(member));
  const freed = await endObjects(tx, ended);
  const { pairs, partitions } = await sendAgain(tx, again, { waived: false, source: 'replay' });
  await noteDecision(
    tx,
    request,
    ended.map((object) => ({ object, batch })),
  );
  await noteDecision(
    tx,
    { ...request, verb: 'replay' },
    pairs.map((pair) => ({ ...pair, batch })),
  );
  return { kind: 'done', next: pairs.map(({ next }) => next), partitions: [...partitions, ...freed], steps: [] };
}
