import { asBatchId, asObjectId } from '../ids.js';
import { BATCH_REASON } from './batchRows.js';
import type { ErrorCode } from '../errors.js';
import type { ObjectRow, ObjectState } from './port.js';

/** The columns of an object row, of `sluice.objects AS o`. The reason of one that goes with a batch which stands still is the batch's. */
export const OBJECT_COLUMNS = `o.object_id, o.dataset, o.partition, o.bucket, o.key, o.size, o.state, o.batch_id, o.code,
  CASE WHEN o.state IN ('batched', 'compacted', 'held', 'judged')
    THEN (SELECT ${BATCH_REASON} FROM sluice.batches b WHERE b.batch_id = o.batch_id) ELSE o.reason END AS reason,
  o.rows_in, o.arrived_at, o.loaded_at`;

/** What OBJECT_COLUMNS select. */
export interface StoredObjectRow {
  readonly object_id: string;
  readonly dataset: string;
  readonly partition: string;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly state: ObjectState;
  readonly batch_id: string | null;
  readonly code: ErrorCode | null;
  readonly reason: string | null;
  readonly rows_in: number | null;
  readonly arrived_at: Date;
  readonly loaded_at: Date | null;
}

/** A stored row in the port's words. */
export function readObjectRow(row: StoredObjectRow): ObjectRow {
  return {
    object: asObjectId(row.object_id),
    dataset: row.dataset,
    partition: row.partition,
    bucket: row.bucket,
    key: row.key,
    size: row.size,
    state: row.state,
    ...(row.batch_id === null ? {} : { batch: asBatchId(row.batch_id) }),
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.rows_in === null ? {} : { rowsIn: row.rows_in }),
    arrivedAt: row.arrived_at,
    ...(row.loaded_at === null ? {} : { loadedAt: row.loaded_at }),
  };
}
