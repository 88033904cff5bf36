import { SluiceError } from '../errors.js';
import { claimValues, refValues, STILL_MINE } from './claims.js';
import { commitCompact } from './commitCompact.js';
import { commitFindings, commitLoad } from './commits.js';
import type { LedgerDatabase } from './database.js';
import type { ClaimAnswer, StepClaim, StepLedger, StepRef } from './port.js';
import { storable } from './text.js';

/** A lease that ran out is taken over, and its vanished holder counts as a crash. Time is the database's. */
const CLAIM = `
UPDATE sluice.steps
SET attempt = attempt + 1, crashes = crashes + (holder IS NOT NULL)::integer, holder = $5, lease_until = now() + $6 * interval '1 millisecond'
WHERE batch_id = $1 AND step = $2 AND target = $3 AND table_name = $4 AND state = 'pending'
  AND (lease_until IS NULL OR lease_until < now()) AND (not_before IS NULL OR not_before <= now())
RETURNING dataset, partition, attempt, crashes, failures`;

const WHY_NOT = `
SELECT s.state, s.last_error, b.state = 'held' AS held, greatest(s.lease_until, s.not_before) AS until
FROM sluice.steps s JOIN sluice.batches b USING (batch_id)
WHERE batch_id = $1 AND step = $2 AND target = $3 AND table_name = $4`;

const HEARTBEAT = `UPDATE sluice.steps SET lease_until = now() + $7 * interval '1 millisecond' WHERE ${STILL_MINE}`;

const HAND_BACK = `UPDATE sluice.steps SET holder = NULL, lease_until = NULL, not_before = coalesce($7, not_before) WHERE ${STILL_MINE}`;

const FAIL = `
UPDATE sluice.steps
SET holder = NULL, lease_until = NULL, failures = failures + 1, last_error = $7, not_before = $8,
  state = (CASE WHEN $8::timestamptz IS NULL THEN 'failed' ELSE 'pending' END)::sluice.step_state
WHERE ${STILL_MINE}`;

/** Leases, commit points and failures of the steps. */
export function stepLedger(database: LedgerDatabase): StepLedger {
  return {
    claim: (ref, holder, leaseMs) => claim(database, ref, { holder, leaseMs }),
    heartbeat: async (claim, leaseMs) => (await database.changed(HEARTBEAT, [...claimValues(claim), leaseMs])) === 1,
    async handBack(claim, until) {
      await database.changed(HAND_BACK, [...claimValues(claim), until ?? null]);
    },
    async fail(claim, { code, message }, retryAt) {
      await database.changed(FAIL, [...claimValues(claim), storable(`${code}: ${message}`), retryAt ?? null]);
    },
    commitCompact: (claim, manifest, releasedUntil, custody) =>
      commitCompact(database, claim, { manifest, releasedUntil, ...(custody === undefined ? {} : { custody }) }),
    commitFindings: (claim, findings, hold) => commitFindings(database, claim, { findings, hold }),
    commitLoad: (claim, load) => commitLoad(database, claim, load),
  };
}

async function claim(
  database: LedgerDatabase,
  { batch, step, target, table }: StepRef,
  { holder, leaseMs }: { holder: string; leaseMs: number },
): Promise<ClaimAnswer> {
  if (holder === '') throw new SluiceError('INTERNAL', 'expected a holder with a name, got an empty one');
  const ref = { batch, step, target, table };
  const [row] = await database.rows<Pick<StepClaim, 'dataset' | 'partition' | 'attempt' | 'crashes' | 'failures'>>(
    CLAIM,
    [...refValues(ref), holder, leaseMs],
  );
  if (row !== undefined) return { kind: 'claimed', claim: { ...ref, ...row, holder } };
  return whyNot(database, ref);
}

/** Read after a claim found nothing; a step that became free between the two answers as leased until now. */
async function whyNot(database: LedgerDatabase, ref: StepRef): Promise<ClaimAnswer> {
  const [row] = await database.rows<{ state: string; last_error: string | null; held: boolean; until: Date | null }>(
    WHY_NOT,
    refValues(ref),
  );
  if (row === undefined) return { kind: 'closed', reason: `the ledger knows no ${ref.step} of batch ${ref.batch}` };
  switch (row.state) {
    case 'done':
      return { kind: 'done' };
    case 'failed':
      return { kind: 'closed', reason: `the step gave up: ${row.last_error ?? 'no reason kept'}` };
    case 'waiting':
      return { kind: 'closed', reason: row.held ? 'the batch is held' : 'an earlier step is not done' };
    default:
      return { kind: 'leased', until: row.until ?? new Date(0) };
  }
}
