import { assertNever } from '../errors.js';
import { asBatchId, asObjectId } from '../ids.js';
import type { BatchId } from '../ids.js';
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
FROM sluice.batch_objects m WHERE m.batch_id = $1 AND m.live AND o.object_id = m.object_id AND o.month = m.month`;

const OPEN_STEPS = `
UPDATE sluice.steps s SET state = 'pending', dispatch = s.dispatch + 1, dispatched_at = now()
WHERE s.batch_id = $1 AND s.state = 'waiting'
  AND s.rank = (SELECT min(open.rank) FROM sluice.steps open WHERE open.batch_id = $1 AND open.state <> 'done')
RETURNING ${DISPATCH_COLUMNS}`;

const EMPTY = "UPDATE sluice.batches SET state = 'empty' WHERE batch_id = $1";

const CLOSE_STEPS = "UPDATE sluice.steps SET state = 'done', done_at = now() WHERE batch_id = $1 AND state = 'waiting'";

/**
 * Takes a decision about a held batch: released, it is judged and goes on to its loads; replayed, its objects go their way anew as their
 * next generation; discarded, they are ignored. After the last two it is empty.
 */
export async function decideBatch(tx: Statements, request: DecisionRequest): Promise<DecisionAnswer> {
  const [batch] = await tx.rows<{ state: BatchState }>(
    'SELECT state FROM sluice.batches WHERE batch_id = $1 FOR NO KEY UPDATE',
    [request.id],
  );
  if (batch === undefined) return { kind: 'refused', reason: 'the ledger knows no object and no batch of that id' };
  if (batch.state !== 'held') return decidedBefore(tx, request, batch.state);
  const id = asBatchId(request.id);
  await noteDecision(tx, request, [{ batch: id }]);
  return request.verb === 'release' ? releaseBatch(tx, id) : emptyBatch(tx, id, request);
}

async function decidedBefore(tx: Statements, { id }: DecisionRequest, state: BatchState): Promise<DecisionAnswer> {
  type Last = { verb: DecisionRequest['verb']; at: Date; who: string; why: string };
  const [last] = await tx.rows<Last>(LAST, [id]);
  if (last !== undefined) return { kind: 'already', decision: { ...last, batch: asBatchId(id) } };
  return { kind: 'refused', reason: `expected a batch that is held, got one that is ${state}` };
}

async function releaseBatch(tx: Statements, batch: BatchId): Promise<DecisionAnswer> {
  await tx.changed(JUDGE, [batch]);
  await tx.changed(JUDGE_OBJECTS, [batch]);
  const steps = (await tx.rows<StoredDispatch & Record<string, unknown>>(OPEN_STEPS, [batch])).map(readStepDispatch);
  const partitions = steps.length === 0 ? await supersedeReplaced(tx, batch) : [];
  return { kind: 'done', next: [], partitions, steps };
}

async function emptyBatch(tx: Statements, batch: BatchId, request: DecisionRequest): Promise<DecisionAnswer> {
  const members = (await tx.rows<{ object_id: string }>(MEMBERS, [batch])).map((row) => asObjectId(row.object_id));
  await tx.changed(EMPTY, [batch]);
  await tx.changed(CLOSE_STEPS, [batch]);
  switch (request.verb) {
    case 'replay': {
      const { pairs, partitions } = await sendAgain(tx, members, { waived: false, source: 'replay' });
      await noteDecision(
        tx,
        request,
        pairs.map((pair) => ({ ...pair, batch })),
      );
      return { kind: 'done', next: pairs.map(({ next }) => next), partitions, steps: [] };
    }
    case 'discard':
    case 'release': {
      const partitions = await endObjects(tx, members);
      await noteDecision(
        tx,
        request,
        members.map((object) => ({ object, batch })),
      );
      return { kind: 'done', next: [], partitions, steps: [] };
    }
    default:
      return assertNever(request.verb);
  }
}
