import { findingAlerts } from './alertsOf.js';
import { raiseAlerts } from './alerts.js';
import { allDone, finishStep, moveBatch, openNextRank } from './advance.js';
import type { LedgerDatabase, Statements } from './database.js';
import type { Finding, PartitionRef, ReplaceScope, StepClaim, StepDispatch } from './port.js';
import { supersedeReplaced } from './replacements.js';
import { supersedeOlder } from './supersedeOlder.js';

const ADD_FINDINGS = `
INSERT INTO sluice.findings (batch_id, dataset, kind, name, column_name, verdict, data)
SELECT $1, $2, kind, name, column_name, verdict, data
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::json[]) WITH ORDINALITY AS t(kind, name, column_name, verdict, data, position)
ORDER BY position`;

const NOTE_LOAD = `
INSERT INTO sluice.loads (batch_id, target, table_name, dataset, rows, committed_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (batch_id, target, table_name) DO UPDATE SET rows = excluded.rows, committed_at = excluded.committed_at`;

/**
 * THE commit point of profile, skew and check: the step is done and its findings replace older ones of its kind. `hold` moves
 * the batch and its objects to held and opens nothing; after check the batch is judged. Throws LEASE_LOST, changing nothing.
 */
export async function commitFindings(
  database: LedgerDatabase,
  claim: StepClaim,
  { findings, hold }: { findings: readonly Finding[]; hold: boolean },
): Promise<readonly StepDispatch[]> {
  return database.transaction(async (tx) => {
    await finishStep(tx, claim);
    await replaceFindings(tx, claim, findings);
    await raiseAlerts(tx, findingAlerts(claim, findings, hold));
    if (hold) {
      await moveBatch(tx, claim, { state: 'held' });
      return [];
    }
    if (claim.step === 'check') await moveBatch(tx, claim, { state: 'judged' });
    const opened = await openNextRank(tx, claim);
    if (opened.length === 0 && (await allDone(tx, claim))) await supersedeReplaced(tx, claim.batch);
    return opened;
  });
}

async function replaceFindings(tx: Statements, claim: StepClaim, findings: readonly Finding[]): Promise<void> {
  if (claim.attempt > 1) {
    await tx.changed('DELETE FROM sluice.findings WHERE batch_id = $1 AND kind = $2', [claim.batch, claim.step]);
  }
  await addFindings(tx, claim, findings);
}

/** Adds findings of a batch in this order, beside what it has. */
export async function addFindings(
  tx: Statements,
  { batch, dataset }: Pick<StepClaim, 'batch' | 'dataset'>,
  findings: readonly Finding[],
): Promise<void> {
  if (findings.length === 0) return;
  await tx.changed(ADD_FINDINGS, [
    batch,
    dataset,
    findings.map((finding) => finding.kind),
    findings.map((finding) => finding.name),
    findings.map((finding) => finding.column ?? null),
    findings.map((finding) => finding.verdict ?? null),
    findings.map((finding) => JSON.stringify(finding.data ?? null)),
  ]);
}

/** When the last of the batch's loads was committed, and what the batch supersedes; no row while a step of the batch is open. */
const LOADED = `
SELECT max(l.committed_at) AS at, max(b.supersedes) AS supersedes FROM sluice.loads l JOIN sluice.batches b USING (batch_id)
WHERE l.batch_id = $1 AND NOT EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = l.batch_id AND s.state <> 'done') HAVING count(*) > 0`;

/**
 * Notes what a target committed; the last load of a batch moves it and its objects to loaded, visible since the latest of its
 * loads, and what its objects replace to superseded; one of write mode replace takes over what it carries. Returns partitions to plan, of objects that waited for a content which that freed.
 * Throws LEASE_LOST, changing nothing: the target's own books still have the load.
 */
export async function commitLoad(
  database: LedgerDatabase,
  claim: StepClaim,
  { rows, committedAt }: { rows: number; committedAt: Date },
): Promise<readonly PartitionRef[]> {
  return database.transaction(async (tx) => {
    await finishStep(tx, claim);
    await tx.changed(NOTE_LOAD, [claim.batch, claim.target, claim.table, claim.dataset, rows, committedAt]);
    const [last] = await tx.rows<{ at: Date; supersedes: ReplaceScope | null }>(LOADED, [claim.batch]);
    if (last === undefined) return [];
    await moveBatch(tx, claim, { state: 'loaded', loadedAt: last.at });
    const freed = await supersedeReplaced(tx, claim.batch);
    return last.supersedes === null ? freed : [...freed, ...(await supersedeOlder(tx, claim, last.supersedes))];
  });
}
