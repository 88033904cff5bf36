import type { ObjectId } from '../ids.js';
import { LOAD_COLUMNS, readLoadRow, readStepRow, STEP_COLUMNS } from './batchRows.js';
import type { StoredLoadRow, StoredStepRow } from './batchRows.js';
import type { LedgerDatabase } from './database.js';
import { MERGED_ARTIFACTS } from './merges.js';
import { OBJECT_COLUMNS, readObjectRow } from './objectRows.js';
import type { StoredObjectRow } from './objectRows.js';
import type { Custody } from './port.js';

/** Everything the ledger knows of one object: its row, and the steps, loads and artifacts of every batch it ever was in. */
export async function custody(database: LedgerDatabase, object: ObjectId): Promise<Custody | undefined> {
  const [row] = await database.rows<StoredObjectRow>(
    `SELECT ${OBJECT_COLUMNS} FROM sluice.identities i JOIN sluice.objects o USING (object_id, month) WHERE i.object_id = $1`,
    [object],
  );
  if (row === undefined) return undefined;
  const members = await database.rows<{ batch_id: string }>(
    `SELECT batch_id FROM sluice.batch_objects WHERE object_id = $1 AND live
     UNION SELECT batch_id FROM sluice.batch_objects WHERE object_id = $1 AND NOT live`,
    [object],
  );
  const batches = [members.map((member) => member.batch_id)];
  const [steps, loads, artifacts] = await Promise.all([
    database.rows<StoredStepRow>(
      `SELECT ${STEP_COLUMNS} FROM sluice.steps s WHERE s.batch_id = ANY($1) ORDER BY s.batch_id, s.rank, s.target, s.table_name`,
      batches,
    ),
    database.rows<StoredLoadRow>(
      `SELECT ${LOAD_COLUMNS} FROM sluice.loads l WHERE l.batch_id = ANY($1) ORDER BY l.committed_at`,
      batches,
    ),
    database.rows<{ key: string }>(
      `SELECT artifact ->> 'key' AS key FROM sluice.batches b, json_array_elements(coalesce(${MERGED_ARTIFACTS}, b.manifest -> 'artifacts')) artifact
       WHERE b.batch_id = ANY($1) ORDER BY b.batch_id, key`,
      batches,
    ),
  ]);
  return {
    object: readObjectRow(row),
    steps: steps.map(readStepRow),
    loads: loads.map(readLoadRow),
    artifacts: artifacts.map((artifact) => artifact.key),
  };
}
