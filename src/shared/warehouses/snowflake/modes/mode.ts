import type { TableName } from '../identifiers.js';
import type { StagedRows } from '../sql/write.js';
import type { Run } from '../run.js';

/** What a write mode works with, inside the load's transaction: no DDL may be run here, it would commit. */
export interface ModeContext {
  readonly run: Run;
  readonly table: TableName;
  readonly rows: StagedRows;
}

/** A write mode: turns the staged rows into rows of the table and returns how many of this batch the table has now. */
export type WriteRows = (context: ModeContext) => Promise<number>;
