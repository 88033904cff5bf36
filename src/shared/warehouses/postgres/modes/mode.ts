import type { ClientBase } from 'pg';
import type { TableName } from '../identifiers.js';
import type { WireColumn } from '../planTable.js';

/** What a write mode works with, inside the load's transaction. The books have been claimed; the fence is checked after it. */
export interface ModeContext {
  readonly client: ClientBase;
  readonly table: TableName;
  readonly columns: readonly WireColumn[];
  /** Streams the batch's rows into a table (quoted) with the batch's columns and provenance; returns the rows it took. */
  readonly copyInto: (table: string) => Promise<number>;
}

/** What a write mode did with the rows. */
export interface Written {
  /** Rows that came from the engine: must equal the manifest's. */
  readonly copied: number;
  /** Rows of this batch that the table has now. */
  readonly present: number;
}

/** A write mode: turns the batch's rows into rows of the table. One file a mode in this folder. */
export type WriteRows = (context: ModeContext) => Promise<Written>;
