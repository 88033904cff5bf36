import { asBatchId, asObjectId } from '../ids.js';
import type { ObjectId } from '../ids.js';
import type { LastAudit } from './custodyRecords.js';
import type { LedgerDatabase } from './database.js';
import type { AuditObject, LoadTarget, ObjectState } from './port.js';
import { objectUri } from './text.js';

/** Reads one page along the primary key of each month and merges them; the loads are those of the object's batch. */
const PAGE = `
SELECT o.object_id, o.bucket, o.key, o.state, coalesce(o.rows_in, 0) AS rows_in, o.rows_quarantined, o.rows_deduplicated, o.rows_filtered, o.batch_id,
  (SELECT coalesce(json_agg(json_build_object('target', l.target, 'table', l.table_name) ORDER BY l.target, l.table_name), '[]')
   FROM sluice.loads l WHERE l.batch_id = o.batch_id) AS loads
FROM sluice.objects o
WHERE o.dataset = $1 AND ($2::uuid IS NULL OR o.object_id > $2)
ORDER BY o.object_id LIMIT $3`;

interface StoredAuditObject {
  readonly object_id: string;
  readonly bucket: string;
  readonly key: string;
  readonly state: ObjectState;
  readonly rows_in: number;
  readonly rows_quarantined: number;
  readonly rows_deduplicated: number;
  readonly rows_filtered: number;
  readonly batch_id: string | null;
  readonly loads: readonly LoadTarget[];
}

/** The objects of a dataset after an id, by id, with the tables that hold their rows according to the ledger. */
export async function auditPage(
  database: LedgerDatabase,
  { dataset, after, limit }: { dataset: string; after: ObjectId | undefined; limit: number },
): Promise<readonly AuditObject[]> {
  const rows = await database.rows<StoredAuditObject>(PAGE, [dataset, after ?? null, limit]);
  return rows.map((row) => ({
    object: asObjectId(row.object_id),
    uri: objectUri(row.bucket, row.key),
    state: row.state,
    rowsIn: row.rows_in,
    rowsQuarantined: row.rows_quarantined,
    rowsDeduplicated: row.rows_deduplicated,
    rowsFiltered: row.rows_filtered,
    loads: row.loads,
    ...(row.batch_id === null ? {} : { batch: asBatchId(row.batch_id) }),
  }));
}

/** One index entry a dataset: the loop over datasets skips from one to the next. */
const LAST_AUDITS = `
WITH RECURSIVE known AS (
  (SELECT dataset FROM sluice.audits ORDER BY dataset LIMIT 1)
  UNION ALL
  SELECT (SELECT a.dataset FROM sluice.audits a WHERE a.dataset > known.dataset ORDER BY a.dataset LIMIT 1) FROM known WHERE known.dataset IS NOT NULL
)
SELECT newest.* FROM known, LATERAL (
  SELECT dataset, at, verdicts FROM sluice.audits a WHERE a.dataset = known.dataset ORDER BY audit_id DESC LIMIT 1
) newest`;

/** The newest audit of each dataset. */
export async function readLastAudits(database: LedgerDatabase): Promise<readonly LastAudit[]> {
  return database.rows<LastAudit & Record<string, unknown>>(LAST_AUDITS);
}
