import { asBatchId } from '../ids.js';
import type { BatchRow, BatchState, LoadRow, Step, StepDispatch, StepRow } from './port.js';

/** The columns of a step row, of `sluice.steps AS s`. */
export const STEP_COLUMNS = `s.batch_id, s.step, s.target, s.table_name, s.state, s.attempt, s.crashes, s.failures, s.last_error, s.done_at`;

/** What STEP_COLUMNS select. */
export interface StoredStepRow {
  readonly batch_id: string;
  readonly step: Step;
  readonly target: string;
  readonly table_name: string;
  readonly state: StepRow['state'];
  readonly attempt: number;
  readonly crashes: number;
  readonly failures: number;
  readonly last_error: string | null;
  readonly done_at: Date | null;
}

/** A stored step in the port's words. */
export function readStepRow(row: StoredStepRow): StepRow {
  return {
    batch: asBatchId(row.batch_id),
    step: row.step,
    target: row.target,
    table: row.table_name,
    state: row.state,
    attempt: row.attempt,
    crashes: row.crashes,
    failures: row.failures,
    ...(row.last_error === null ? {} : { lastError: row.last_error }),
    ...(row.done_at === null ? {} : { doneAt: row.done_at }),
  };
}

/** The columns of a step dispatch, of `sluice.steps AS s`. */
export const DISPATCH_COLUMNS = 's.batch_id, s.step, s.target, s.table_name, s.dataset, s.dispatch';

/** What DISPATCH_COLUMNS select. */
export interface StoredDispatch {
  readonly batch_id: string;
  readonly step: Step;
  readonly target: string;
  readonly table_name: string;
  readonly dataset: string;
  readonly dispatch: number;
}

/** A stored dispatch in the port's words. */
export function readStepDispatch(row: StoredDispatch): StepDispatch {
  return {
    batch: asBatchId(row.batch_id),
    step: row.step,
    target: row.target,
    table: row.table_name,
    dataset: row.dataset,
    dispatch: row.dispatch,
  };
}

/** The columns of a load row, of `sluice.loads AS l`. */
export const LOAD_COLUMNS = `l.batch_id, l.target, l.table_name, l.dataset, l.rows, l.committed_at, (
    SELECT b.bytes_out FROM sluice.batches b WHERE b.batch_id = l.batch_id
  ) AS bytes`;

/** What LOAD_COLUMNS select. */
export interface StoredLoadRow {
  readonly batch_id: string;
  readonly target: string;
  readonly table_name: string;
  readonly dataset: string;
  readonly rows: number;
  readonly bytes: number;
  readonly committed_at: Date;
}

/** A stored load in the port's words. */
export function readLoadRow(row: StoredLoadRow): LoadRow {
  return {
    batch: asBatchId(row.batch_id),
    target: row.target,
    table: row.table_name,
    dataset: row.dataset,
    rows: row.rows,
    bytes: row.bytes,
    committedAt: row.committed_at,
  };
}

/** Why a batch stands still, of `sluice.batches AS b`: the error of the step that gave up, or the checks that hold it. */
export const BATCH_REASON = `CASE b.state WHEN 'held' THEN (
    SELECT 'failed: ' || string_agg(f.name || coalesce(' of ' || f.column_name, ''), ', ' ORDER BY f.finding_id)
    FROM sluice.findings f WHERE f.batch_id = b.batch_id AND f.verdict = 'fail'
  ) ELSE (
    SELECT s.last_error FROM sluice.steps s
    WHERE s.batch_id = b.batch_id AND s.state = 'failed' ORDER BY s.rank, s.target, s.table_name LIMIT 1
  ) END`;

/** The columns of a batch row, of `sluice.batches AS b`; a failed load names its table. */
export const BATCH_COLUMNS = `b.batch_id, b.dataset, b.partition, b.state, b.objects, b.bytes_in, b.bytes_out, b.rows_in, b.rows_out,
  b.artifacts, b.created_at, b.supersedes, (
    SELECT CASE s.step WHEN 'load' THEN 'load ' || s.target || '.' || s.table_name ELSE s.step END
    FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state = 'failed' ORDER BY s.rank, s.target, s.table_name LIMIT 1
  ) AS failed_step, ${BATCH_REASON} AS reason`;

/** What BATCH_COLUMNS select. */
export interface StoredBatchRow {
  readonly batch_id: string;
  readonly dataset: string;
  readonly partition: string;
  readonly state: BatchState;
  readonly objects: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly rows_in: number;
  readonly rows_out: number;
  readonly artifacts: number;
  readonly created_at: Date;
  readonly supersedes: 'partition' | 'table' | null;
  readonly failed_step: string | null;
  readonly reason: string | null;
}

/** A stored batch in the port's words. */
export function readBatchRow(row: StoredBatchRow): BatchRow {
  return {
    batch: asBatchId(row.batch_id),
    dataset: row.dataset,
    partition: row.partition,
    state: row.state,
    objects: row.objects,
    bytesIn: row.bytes_in,
    bytesOut: row.bytes_out,
    rowsIn: row.rows_in,
    rowsOut: row.rows_out,
    artifacts: row.artifacts,
    ...(row.failed_step === null ? {} : { failedStep: row.failed_step }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.supersedes === null ? {} : { supersedes: row.supersedes }),
    createdAt: row.created_at,
  };
}
