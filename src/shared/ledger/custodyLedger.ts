import { raiseAlerts } from './alerts.js';
import { auditAlerts } from './alertsOf.js';
import { asBatchId, asObjectId } from '../ids.js';
import type { BatchId } from '../ids.js';
import { BATCH_COLUMNS, readBatchRow } from './batchRows.js';
import type { StoredBatchRow } from './batchRows.js';
import type { LedgerDatabase } from './database.js';
import { decide, readDecisions } from './decisions.js';
import { recordCurrent } from './generations.js';
import { listObjects } from './listObjects.js';
import type { AuditNote, CustodyLedger, SetAside } from './port.js';
import { decideRows, findRowsAside, listRowsAside } from './rowQuarantines.js';
import { surroundings } from './surroundings.js';

const HELD = `
SELECT ${BATCH_COLUMNS} FROM sluice.batches b
WHERE ($1::text IS NULL OR b.dataset = $1) AND (b.state = 'held' OR b.state IN ('planned', 'compacted', 'judged')
  AND b.batch_id IN (SELECT batch_id FROM sluice.steps WHERE state = 'failed' AND ($1::text IS NULL OR dataset = $1))) ORDER BY b.batch_id DESC LIMIT $2`;

/** A superseded batch: the load that took its rows' place ended at least a day ago. */
const LONG_SUPERSEDED = `(state = 'superseded' AND EXISTS (
    SELECT FROM sluice.batches n JOIN sluice.steps s ON s.batch_id = n.batch_id
    WHERE n.dataset = batches.dataset AND n.batch_id > batches.batch_id
      AND (n.supersedes = 'table' OR n.supersedes = 'partition' AND n.partition = batches.partition)
      AND s.step = 'load' AND s.state = 'done' AND s.done_at < now() - interval '1 day'))`;

/** What was merged or superseded is let stand for a day, for whoever still reads it; so is what a merge put that has not committed. */
const ARTIFACTS = `
SELECT batch_id, manifest IS NOT NULL AS done,
  ARRAY(SELECT artifact ->> 'key' FROM json_array_elements(coalesce(manifest -> 'artifacts', '[]')) artifact
    WHERE NOT ${LONG_SUPERSEDED} AND NOT EXISTS (SELECT FROM sluice.merged_batches m WHERE m.batch_id = batches.batch_id AND m.since < now() - interval '1 day')
    UNION ALL SELECT manifest #>> '{layout,hotList,key}' WHERE manifest #> '{layout,hotList}' IS NOT NULL AND NOT ${LONG_SUPERSEDED}
    UNION ALL SELECT part #>> '{artifact,key}' FROM json_array_elements(coalesce(manifest -> 'aside', '[]')) part) AS keys
FROM sluice.batches WHERE batch_id = ANY($1::uuid[])
UNION ALL
SELECT merge_id, merged_at IS NOT NULL OR began_at < now() - interval '1 day',
  ARRAY(SELECT artifact ->> 'key' FROM json_array_elements(coalesce(artifacts, '[]')) artifact
    WHERE superseded_at IS NULL OR superseded_at >= now() - interval '1 day')
FROM sluice.merges WHERE merge_id = ANY($1::uuid[])`;

const NOTE_AUDIT = `
INSERT INTO sluice.audits (dataset, balanced, verdicts, worst) VALUES ($1, $2, $3, $4)`;

/** Versions, contents, decisions, audits. */
export function custodyLedger(database: LedgerDatabase): CustodyLedger {
  return {
    surroundings: (batch, hashes) => surroundings(database, batch, hashes),
    recordCurrent: (arrivals) => recordCurrent(database, arrivals),
    setAside: (filter) => listSetAside(database, filter),
    rowsAside: (id) => findRowsAside(database, id),
    decide: async (request) => (await decideRows(database, request)) ?? decide(database, request),
    decisions: (id) => readDecisions(database, id),
    async noteAudit({ dataset, balanced, verdicts, worst }: AuditNote) {
      await database.transaction(async (tx) => {
        await tx.changed(NOTE_AUDIT, [dataset, balanced, JSON.stringify(verdicts), JSON.stringify(worst)]);
        await raiseAlerts(tx, auditAlerts({ dataset, balanced, verdicts, worst }));
      });
    },
    artifacts: (batches) => readArtifacts(database, batches),
  };
}

async function listSetAside(
  database: LedgerDatabase,
  { dataset, limit }: { dataset?: string; limit: number },
): Promise<readonly SetAside[]> {
  const filter = dataset === undefined ? {} : { dataset };
  const [batches, objects, rows] = await Promise.all([
    database.rows<StoredBatchRow & Record<string, unknown>>(HELD, [dataset ?? null, limit]),
    listObjects(database, { ...filter, state: 'quarantined', limit }),
    listRowsAside(database, { ...filter, limit }),
  ]);
  const held = batches.map(readBatchRow).map((row) => ({ kind: 'batch' as const, id: row.batch, ...row }));
  const aside = objects.map((row) => ({ kind: 'object' as const, id: asObjectId(row.object), ...row }));
  const parts = rows.map((row) => ({ kind: 'rows' as const, id: row.rowsId, ...row }));
  return [...held, ...parts, ...aside].slice(0, limit);
}

async function readArtifacts(
  database: LedgerDatabase,
  batches: readonly BatchId[],
): Promise<ReadonlyMap<BatchId, ReadonlySet<string> | undefined>> {
  const rows = await database.rows<{ batch_id: string; done: boolean; keys: string[] }>(ARTIFACTS, [batches]);
  return new Map(rows.map(({ batch_id, done, keys }) => [asBatchId(batch_id), done ? new Set(keys) : undefined]));
}
