import type { BatchId } from '../ids.js';
import { addFindings } from './commits.js';
import type { LedgerDatabase } from './database.js';
import type { Finding } from './port.js';

/** Two at once follow each other; no lock that a load of the batch would wait for longer than this takes. */
const LOCK = `SELECT dataset FROM sluice.batches WHERE batch_id = $1 FOR NO KEY UPDATE`;

const REMOVE = `DELETE FROM sluice.findings WHERE batch_id = $1 AND kind = 'profile' AND name = ANY($2::text[])`;

/** Findings about a batch's whole dataset, kept with it in place of older ones of their names; false, changing nothing, when the batch is gone. */
export async function noteDatasetFindings(
  database: LedgerDatabase,
  batch: BatchId,
  findings: readonly Finding[],
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const [found] = await tx.rows<{ dataset: string }>(LOCK, [batch]);
    if (found === undefined) return false;
    await tx.changed(REMOVE, [batch, findings.map(({ name }) => name)]);
    await addFindings(tx, { batch, dataset: found.dataset }, findings);
    return true;
  });
}
