import { readActivity, readIgnored } from './activity.js';
import { auditPage, readLastAudits } from './audit.js';
import { BATCH_COLUMNS, LOAD_COLUMNS, readBatchRow, readLoadRow } from './batchRows.js';
import type { StoredBatchRow, StoredLoadRow } from './batchRows.js';
import type { LedgerDatabase } from './database.js';
import { asBatchId, asObjectId } from '../ids.js';
import type { Artifact, Manifest } from './manifest.js';
import { MERGED_ARTIFACTS } from './merges.js';
import type { BatchObject, Finding, ReadLedger, Verdict } from './port.js';
import { addSchema, readSchema, readSchemaVersions } from './schemas.js';

const SIZES = `
SELECT dataset, sum(objects)::bigint AS files, sum(bytes_in)::bigint AS "bytesIn", sum(artifacts)::bigint AS artifacts, sum(bytes_out)::bigint AS "bytesOut"
FROM sluice.batches WHERE manifest IS NOT NULL AND state <> 'superseded' AND ($1::text IS NULL OR dataset = $1) GROUP BY dataset ORDER BY dataset`;

/** What people and the audit read. */
export function readLedger(database: LedgerDatabase): ReadLedger {
  return {
    batch: (batch) => readBatch(database, batch),
    async batches(dataset, limit) {
      const rows = await database.rows<StoredBatchRow>(
        `SELECT ${BATCH_COLUMNS} FROM sluice.batches b WHERE ($1::text IS NULL OR b.dataset = $1) ORDER BY b.batch_id DESC LIMIT $2`,
        [dataset ?? null, limit],
      );
      return rows.map(readBatchRow);
    },
    async loads(dataset, limit) {
      const rows = await database.rows<StoredLoadRow>(
        `SELECT ${LOAD_COLUMNS} FROM sluice.loads l WHERE ($1::text IS NULL OR l.dataset = $1) ORDER BY l.committed_at DESC LIMIT $2`,
        [dataset ?? null, limit],
      );
      return rows.map(readLoadRow);
    },
    findings: (filter) => readFindings(database, filter),
    activity: (from, binSeconds) => readActivity(database, from, binSeconds),
    sizes: (dataset) => database.rows(SIZES, [dataset ?? null]),
    ignored: () => readIgnored(database),
    auditPage: (dataset, after, limit) => auditPage(database, { dataset, after, limit }),
    lastAudits: () => readLastAudits(database),
    schema: (dataset) => readSchema(database, dataset),
    schemaVersions: (dataset) => readSchemaVersions(database, dataset),
    addSchema: (dataset, expectedVersion, columns, why) =>
      addSchema(database, { dataset, expectedVersion, columns, why }),
  };
}

/** A batch with its members in the plan's order (those that left it included) and, once compacted, its manifest. */
async function readBatch(database: LedgerDatabase, batch: string): ReturnType<ReadLedger['batch']> {
  const [row] = await database.rows<StoredBatchRow & { manifest: Manifest | null; merged: readonly Artifact[] | null }>(
    `SELECT ${BATCH_COLUMNS}, b.manifest, ${MERGED_ARTIFACTS} AS merged FROM sluice.batches b WHERE b.batch_id = $1`,
    [batch],
  );
  if (row === undefined) return undefined;
  const members = await database.rows<Omit<BatchObject, 'object' | 'eTag' | 'versionId' | 'arrivedAt'> & StoredMember>(
    `SELECT o.object_id, o.bucket, o.key, o.e_tag, o.size, o.version_id, o.releases, o.generation, o.waived, o.arrived_at, m.carried
     FROM sluice.batch_objects m JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
     WHERE m.batch_id = $1 ORDER BY m.position`,
    [batch],
  );
  const objects = members.map(({ object_id, e_tag, version_id, arrived_at, ...rest }) => ({
    object: asObjectId(object_id),
    eTag: e_tag,
    arrivedAt: arrived_at,
    ...(version_id === null ? {} : { versionId: version_id }),
    ...rest,
  }));
  return {
    row: readBatchRow(row),
    objects,
    ...(row.manifest === null ? {} : { manifest: row.manifest }),
    ...(row.merged === null ? {} : { merged: row.merged }),
  };
}

interface StoredMember {
  readonly object_id: string;
  readonly e_tag: string;
  readonly version_id: string | null;
  readonly arrived_at: Date;
}

interface StoredFinding {
  readonly batch_id: string;
  readonly dataset: string;
  readonly kind: Finding['kind'];
  readonly name: string;
  readonly column_name: string | null;
  readonly verdict: Verdict | null;
  readonly data: unknown;
  readonly at: Date;
}

/** Newest first; of one batch in the order of their commit. */
async function readFindings(
  database: LedgerDatabase,
  { dataset, batch, kind, limit }: Parameters<ReadLedger['findings']>[0],
): ReturnType<ReadLedger['findings']> {
  const rows = await database.rows<StoredFinding>(
    `SELECT batch_id, dataset, kind, name, column_name, verdict, data, at FROM sluice.findings
     WHERE ($1::text IS NULL OR dataset = $1) AND ($2::uuid IS NULL OR batch_id = $2) AND ($3::text IS NULL OR kind = $3)
     ORDER BY finding_id ${batch === undefined ? 'DESC' : 'ASC'} LIMIT $4`,
    [dataset ?? null, batch ?? null, kind ?? null, limit],
  );
  return rows.map(({ kind, name, column_name, verdict, data, batch_id, dataset, at }) => ({
    kind,
    name,
    ...(column_name === null ? {} : { column: column_name }),
    ...(verdict === null ? {} : { verdict }),
    data,
    batch: asBatchId(batch_id),
    dataset,
    at,
  }));
}
