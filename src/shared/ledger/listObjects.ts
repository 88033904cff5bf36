import type { LedgerDatabase } from './database.js';
import { OBJECT_COLUMNS, readObjectRow } from './objectRows.js';
import type { StoredObjectRow } from './objectRows.js';
import type { BatchState, ObjectRow, ObjectState } from './port.js';

/** While an object is in one of these states, its batch is in that of the same line; such batches are few. */
const BATCH_STATE: Readonly<Partial<Record<ObjectState, BatchState>>> = {
  batched: 'planned',
  compacted: 'compacted',
  held: 'held',
  judged: 'judged',
};

/** Conditions that an index stands on. The other states are common, or absent by the tallies. */
const CONDITION: Readonly<Partial<Record<ObjectState, string>>> = {
  arrived: 'AND o.due_at IS NOT NULL',
  quarantined: 'AND o.code IS NOT NULL',
};

const OF_OBJECTS = 'sluice.objects o WHERE o.dataset = wanted.dataset';
const OF_BATCHES = `sluice.batches b
  JOIN sluice.batch_objects m ON m.batch_id = b.batch_id AND m.live
  JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
  WHERE b.dataset = wanted.dataset AND b.state = `;

/** The newest objects, of a dataset or of all, in a state or in any; never reads those of a dataset that has none in that state. */
export async function listObjects(
  database: LedgerDatabase,
  { dataset, state, limit }: { dataset?: string; state?: ObjectState; limit: number },
): Promise<readonly ObjectRow[]> {
  const rows = await database.rows<StoredObjectRow>(listText(state), [dataset ?? null, state ?? null, limit]);
  return rows.map(readObjectRow);
}

/** Per dataset the first rows along its index, then the first of all these. */
function listText(state: ObjectState | undefined): string {
  const batchState = state === undefined ? undefined : BATCH_STATE[state];
  const source = batchState === undefined ? OF_OBJECTS : `${OF_BATCHES}'${batchState}'`;
  const condition = state === undefined ? '' : `AND o.state = $2 ${CONDITION[state] ?? ''}`;
  return `
WITH wanted AS (
  SELECT dataset FROM sluice.tallies
  WHERE ($1::text IS NULL OR dataset = $1) AND ($2::sluice.object_state IS NULL OR state = $2)
  GROUP BY dataset HAVING sum(objects) > 0
)
SELECT o.* FROM wanted, LATERAL (
  SELECT ${OBJECT_COLUMNS} FROM ${source} ${condition} ORDER BY o.arrived_at DESC, o.object_id LIMIT $3
) o
ORDER BY o.arrived_at DESC, o.object_id LIMIT $3`;
}
