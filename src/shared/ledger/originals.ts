import { asBatchId, asObjectId } from '../ids.js';
import type { BatchId, ObjectId } from '../ids.js';
import type { LedgerDatabase } from './database.js';
import type { AuditObject, LoadTarget, ObjectState } from './port.js';
import { objectUri } from './text.js';

/** A file that a batch was made of, with what the audit needs to know of it. */
export interface OriginalObject extends AuditObject {
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  /** Whether it is at the end of its way in this batch: others are left alone. */
  readonly isLoaded: boolean;
}

/** How the originals of a batch were dealt with: how many of each answer. */
export interface OriginalsNote {
  readonly batch: BatchId;
  readonly dataset: string;
  readonly after: string;
  readonly outcome: Readonly<Record<string, number>>;
}

/** The files that batches were made of, after their load. */
export interface OriginalsLedger {
  /** Batches of a dataset that came to their end longer than `graceMs` ago and whose originals nobody has dealt with; by id, after `after`. */
  due(request: {
    readonly dataset: string;
    readonly graceMs: number;
    readonly after?: BatchId;
    readonly limit: number;
  }): Promise<readonly BatchId[]>;
  /** Every object of a batch. */
  objects(batch: BatchId): Promise<readonly OriginalObject[]>;
  /** Notes that a batch's originals are dealt with; once. */
  settle(note: OriginalsNote): Promise<void>;
}

/** A batch without loads is at its end when it is judged. */
const DUE = `
SELECT b.batch_id FROM sluice.batches b
WHERE b.dataset = $1 AND ($3::uuid IS NULL OR b.batch_id > $3)
  AND (b.state IN ('loaded', 'empty') OR b.state = 'judged' AND NOT EXISTS
    (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.step = 'load'))
  AND NOT EXISTS (SELECT FROM sluice.originals o WHERE o.batch_id = b.batch_id)
  AND coalesce((SELECT max(s.done_at) FROM sluice.steps s WHERE s.batch_id = b.batch_id), b.created_at) <= now() - $2 * interval '1 ms'
ORDER BY b.batch_id LIMIT $4`;

const OBJECTS = `
SELECT o.object_id, o.bucket, o.key, o.e_tag, o.state, coalesce(o.rows_in, 0) AS rows_in, o.rows_quarantined, o.rows_deduplicated, o.rows_filtered,
  (SELECT coalesce(json_agg(json_build_object('target', l.target, 'table', l.table_name) ORDER BY l.target, l.table_name), '[]')
   FROM sluice.loads l WHERE l.batch_id = $1) AS loads
FROM sluice.batch_objects m JOIN sluice.objects o ON o.object_id = m.object_id AND o.month = m.month
WHERE m.batch_id = $1 AND o.batch_id = $1 ORDER BY m.position`;

interface StoredOriginal {
  readonly object_id: string;
  readonly bucket: string;
  readonly key: string;
  readonly e_tag: string;
  readonly state: ObjectState;
  readonly rows_in: number;
  readonly rows_quarantined: number;
  readonly rows_deduplicated: number;
  readonly rows_filtered: number;
  readonly loads: readonly LoadTarget[];
}

/** The ledger's part of dealing with originals. */
export function originalsLedger(database: LedgerDatabase): OriginalsLedger {
  return {
    async due({ dataset, graceMs, after, limit }) {
      const rows = await database.rows<{ batch_id: string }>(DUE, [dataset, graceMs, after ?? null, limit]);
      return rows.map(({ batch_id: batch }) => asBatchId(batch));
    },
    async objects(batch) {
      const rows = await database.rows<Record<string, unknown> & StoredOriginal>(OBJECTS, [batch]);
      return rows.map(readOriginal);
    },
    async settle({ batch, dataset, after, outcome }) {
      await database.changed(
        'INSERT INTO sluice.originals (batch_id, dataset, after, outcome) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [batch, dataset, after, JSON.stringify(outcome)],
      );
    },
  };
}

function readOriginal(row: StoredOriginal): OriginalObject {
  const object: ObjectId = asObjectId(row.object_id);
  return {
    object,
    uri: objectUri(row.bucket, row.key),
    bucket: row.bucket,
    key: row.key,
    eTag: row.e_tag,
    state: row.state,
    isLoaded: row.state === 'loaded' || row.state === 'judged',
    rowsIn: row.rows_in,
    rowsQuarantined: row.rows_quarantined,
    rowsDeduplicated: row.rows_deduplicated,
    rowsFiltered: row.rows_filtered,
    loads: row.loads,
  };
}
