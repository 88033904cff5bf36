import type { ObjectId } from '../../../ids.js';
import type { LoadRequest } from '../../port.js';
import type { TableName } from '../identifiers.js';
import type { Run } from '../run.js';
import type { LoadKey } from '../sql/books.js';
import type { Statement } from '../sql/statement.js';
import type { StagedRows } from '../sql/write.js';

/** What a write mode works with, inside the load's transaction: no DDL may be run here, it would commit. */
export interface ModeContext {
  readonly run: Run;
  readonly table: TableName;
  readonly key: LoadKey;
  readonly request: LoadRequest;
  /** The staged rows; those of the objects that are skipped so far are left out. */
  readonly rows: StagedRows;
  /** What `prepare` made. */
  readonly beside: TableName;
}

/** What a write mode did, and what it leaves to be entered in the books under the fence's lock. */
export interface Written {
  /** Rows of this batch that the table has now. */
  readonly present: number;
  /** Objects whose rows stay away. */
  readonly skipped: readonly ObjectId[];
  /** Enters the objects: must insert and update `expected` rows together, where that is given. */
  readonly claim?: { readonly statement: Statement; readonly expected?: number } | undefined;
  /** What else is noted in the books, in order. */
  readonly notes: readonly Statement[];
}

/** A write mode: turns the staged rows into rows of the table. One file a mode in this folder. */
export interface WriteModeRules {
  /** Whether the loads of one table go one after the other. */
  readonly takesTurns: boolean;
  /** Makes a table beside the staging table, which is dropped with it. */
  readonly prepare?: (beside: TableName) => Statement;
  /** Writes the rows. Called for a batch without rows, too. */
  readonly write: (context: ModeContext) => Promise<Written>;
}
