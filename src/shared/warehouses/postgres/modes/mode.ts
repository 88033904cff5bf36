import type { ClientBase } from 'pg';
import type { ObjectId } from '../../../ids.js';
import type { LoadRequest } from '../../port.js';
import type { LoadKey } from '../books.js';
import type { TableName } from '../identifiers.js';
import type { WireColumn } from '../planTable.js';

/** What a write mode works with, inside the load's transaction. The load is entered in the books; the fence is checked after it. */
export interface ModeContext {
  readonly client: ClientBase;
  readonly table: TableName;
  readonly key: LoadKey;
  readonly request: LoadRequest;
}

/** The same, once the objects are claimed and the table stands as it will until the commit. */
export interface WriteContext extends ModeContext {
  readonly columns: readonly WireColumn[];
  /** Rows of the objects that this load brings, by the manifest. */
  readonly expected: number;
  /** A FROM-able expression over the rows of the objects that this load brings. */
  readonly source: string;
  /** Streams the rows of a source like the one above into a table (quoted) with the batch's columns and provenance; returns the rows it took. */
  readonly copyInto: (table: string, source: string) => Promise<number>;
}

/** What a write mode did with the rows. */
export interface Written {
  /** Rows that came from the engine, and those it was told to leave out: must equal `expected`. */
  readonly copied: number;
  /** Rows of this batch that the table has now. */
  readonly present: number;
}

/** A write mode: turns the batch's rows into rows of the table. One file a mode in this folder. */
export interface WriteModeRules {
  /** Whether the loads of one table wait for each other. */
  readonly takesTurns: boolean;
  /** The lock on the table under which rows are copied; writing may take a stronger one. */
  readonly copyLock: 'ROW EXCLUSIVE' | 'ACCESS SHARE';
  /** Enters the objects in the books and returns those whose rows this load brings. */
  readonly claim: (context: ModeContext) => Promise<ReadonlySet<ObjectId>>;
  /** Writes the rows. Called for a batch without rows, too. */
  readonly write: (context: WriteContext) => Promise<Written>;
}
