import { SluiceError } from '../errors.js';
import { DISPATCH_COLUMNS, readStepDispatch } from './batchRows.js';
import type { StoredDispatch } from './batchRows.js';
import type { Statements } from './database.js';
import type { BatchState, ObjectState, StepClaim, StepDispatch } from './port.js';
import { claimValues, STILL_MINE } from './claims.js';

/** The batch's lock is taken before its step is touched: an UPDATE changes what its join has brought, and the join needs the locked row. */
const FINISH = `
WITH locked AS MATERIALIZED (SELECT batch_id AS locked_id FROM sluice.batches WHERE batch_id = $1 FOR NO KEY UPDATE)
UPDATE sluice.steps SET state = 'done', done_at = now(), holder = NULL, lease_until = NULL FROM locked
WHERE batch_id = locked_id AND ${STILL_MINE}`;

/** The lowest rank that is not all done opens; while a step of the current rank is still open, that rank is the lowest. */
const OPEN_NEXT_RANK = `
UPDATE sluice.steps s SET state = 'pending', dispatch = s.dispatch + 1, dispatched_at = now()
WHERE s.batch_id = $1 AND s.state = 'waiting'
  AND s.rank = (SELECT min(open.rank) FROM sluice.steps open WHERE open.batch_id = $1 AND open.state <> 'done')
RETURNING ${DISPATCH_COLUMNS}`;

/** Another batch may supersede an object while this waits for its row: the state is looked at again then, the membership is not. */
const MOVE = `
WITH moved AS (UPDATE sluice.batches SET state = $2 WHERE batch_id = $1)
UPDATE sluice.objects o SET state = $3, loaded_at = $4
FROM sluice.batch_objects m
WHERE m.batch_id = $1 AND m.live AND o.object_id = m.object_id AND o.month = m.month AND o.state <> 'superseded'`;

/**
 * Starts a commit: locks the batch, so that steps of one batch commit one after the other (two loads that finish together must
 * not each see the other as open), then marks the step done if the claim still holds it. Throws LEASE_LOST, changing nothing.
 */
export async function finishStep(tx: Statements, claim: StepClaim): Promise<void> {
  if ((await tx.changed(FINISH, claimValues(claim))) === 1) return;
  throw new SluiceError(
    'LEASE_LOST',
    `expected attempt ${claim.attempt} to hold the ${claim.step} of batch ${claim.batch}, but it does not`,
    {
      facts: { batch: claim.batch, step: claim.step, attempt: claim.attempt, holder: claim.holder },
    },
  );
}

/** Opens the batch's next steps when no earlier one is left. */
export async function openNextRank(tx: Statements, claim: StepClaim): Promise<readonly StepDispatch[]> {
  const rows = await tx.rows<StoredDispatch>(OPEN_NEXT_RANK, [claim.batch]);
  return rows.map(readStepDispatch);
}

/** True when every step of the batch is done. */
export async function allDone(tx: Statements, claim: StepClaim): Promise<boolean> {
  const rows = await tx.rows("SELECT FROM sluice.steps WHERE batch_id = $1 AND state <> 'done' LIMIT 1", [claim.batch]);
  return rows.length === 0;
}

/** Moves the batch and its live objects to the next state. `loadedAt`: when their rows were visible in the last target. */
export async function moveBatch(
  tx: Statements,
  claim: StepClaim,
  { state, loadedAt }: { state: BatchState & ObjectState; loadedAt?: Date },
): Promise<void> {
  // Twice: the two columns have types of their own.
  await tx.changed(MOVE, [claim.batch, state, state, loadedAt ?? null]);
}
