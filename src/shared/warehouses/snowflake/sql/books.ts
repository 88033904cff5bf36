import type { ObjectId } from '../../../ids.js';
import { quoteName } from '../../../schema/columns.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';
import type { TypedColumn } from './table.js';
import { addColumns } from './table.js';

/** Schema of the books, in the target's database. */
export const BOOKS_SCHEMA = '_SLUICE';

/** A load's place in the books. */
export interface LoadKey {
  /** The target's database. */
  readonly database: string;
  /** As `tableKey` writes it. */
  readonly table: string;
  readonly batch: string;
  readonly attempt: number;
}

/** A name inside the books' schema, quoted. */
export function inBooks(database: string, name: string): string {
  return [database, BOOKS_SCHEMA, name].map(quoteName).join('.');
}

/** Columns that came after the first books: what became of rows that are not there, and what a replacing batch is the whole of. */
const LATER: Readonly<Record<string, readonly TypedColumn[]>> = {
  LOADS: [{ name: 'SCOPE', type: 'VARCHAR' }],
  LOAD_OBJECTS: [
    { name: 'REPLACED_BY', type: 'VARCHAR(36)' },
    ...['REMOVED', 'UNCHANGED', 'OVERWRITTEN'].map((name) => ({ name, type: 'NUMBER(19,0)' })),
  ],
};

/**
 * The statements that create the books where they are missing, in their schema, and bring older ones along. Snowflake enforces no unique
 * keys: the fence's lock stands for them.
 */
export function createBooks(database: string): readonly Statement[] {
  const place = (name: string) => ({ database, schema: BOOKS_SCHEMA, name });
  const table = (name: string, columns: readonly string[]) =>
    statement([`CREATE TABLE IF NOT EXISTS ${inBooks(database, name)} (${columns.join(', ')})`]);
  return [
    table('LOADS', [
      '"TABLE_NAME" VARCHAR NOT NULL',
      '"BATCH" VARCHAR(36) NOT NULL',
      '"MANIFEST_HASH" VARCHAR(64) NOT NULL',
      '"ATTEMPT" NUMBER(10,0) NOT NULL',
      '"ROWS" NUMBER(19,0) NOT NULL',
      '"COMMITTED_AT" TIMESTAMP_LTZ(3) NOT NULL',
    ]),
    table('LOAD_OBJECTS', [
      '"TABLE_NAME" VARCHAR NOT NULL',
      '"OBJECT_ID" VARCHAR(36) NOT NULL',
      '"BATCH" VARCHAR(36) NOT NULL',
      '"ROWS" NUMBER(19,0) NOT NULL',
    ]),
    table('FENCES', [
      '"TABLE_NAME" VARCHAR NOT NULL',
      '"BATCH" VARCHAR(36) NOT NULL',
      '"ATTEMPT" NUMBER(10,0) NOT NULL',
      '"HELD" NUMBER(10,0) NOT NULL',
    ]),
    ...Object.entries(LATER).flatMap(([name, columns]) => addColumns(place(name), columns)),
  ];
}

/** Raises the fence to the attempt, unless it stands higher. A statement of its own transaction. */
export function raiseFence({ database, table, batch, attempt }: LoadKey): Statement {
  return statement(
    [
      `MERGE INTO ${inBooks(database, 'FENCES')} AS f`,
      'USING (SELECT ? AS "TABLE_NAME", ? AS "BATCH", ? AS "ATTEMPT") AS s',
      'ON f."TABLE_NAME" = s."TABLE_NAME" AND f."BATCH" = s."BATCH"',
      'WHEN MATCHED AND f."ATTEMPT" < s."ATTEMPT" THEN UPDATE SET "ATTEMPT" = s."ATTEMPT"',
      'WHEN NOT MATCHED THEN INSERT ("TABLE_NAME", "BATCH", "ATTEMPT", "HELD")',
      'VALUES (s."TABLE_NAME", s."BATCH", s."ATTEMPT", 0)',
    ],
    [table, batch, attempt],
  );
}

/** Locks the fences until the transaction ends: an UPDATE's lock is the table's, and later statements see all that committed before. */
export function lockFence({ database, table, batch }: LoadKey): Statement {
  return statement(
    [`UPDATE ${inBooks(database, 'FENCES')} SET "HELD" = "HELD" + 1 WHERE "TABLE_NAME" = ? AND "BATCH" = ?`],
    [table, batch],
  );
}

/** Where the fence stands: one row of one number. */
export function readFence({ database, table, batch }: LoadKey): Statement {
  return statement(
    [
      `SELECT MAX("ATTEMPT") AS "ATTEMPT" FROM ${inBooks(database, 'FENCES')}`,
      'WHERE "TABLE_NAME" = ? AND "BATCH" = ?',
    ],
    [table, batch],
  );
}

/** The batch's entry: rows, and the commit's time in milliseconds since 1970; no row when it was not loaded. */
export function findLoad({ database, table, batch }: LoadKey): Statement {
  return statement(
    [
      'SELECT "ROWS", DATE_PART(EPOCH_MILLISECOND, "COMMITTED_AT") AS "COMMITTED_MS"',
      `FROM ${inBooks(database, 'LOADS')} WHERE "TABLE_NAME" = ? AND "BATCH" = ?`,
    ],
    [table, batch],
  );
}

/** Enters the batch unless it is there: inserts one row or none. `scope`: what a replacing batch is the whole of. */
export function claimLoad(
  key: LoadKey,
  { manifestHash, rows, scope = null }: { manifestHash: string; rows: number; scope?: string | null | undefined },
): Statement {
  const loads = inBooks(key.database, 'LOADS');
  return statement(
    [
      `INSERT INTO ${loads} ("TABLE_NAME", "BATCH", "MANIFEST_HASH", "ATTEMPT", "ROWS", "SCOPE", "COMMITTED_AT")`,
      'SELECT ?, ?, ?, ?, ?, ?, CURRENT_TIMESTAMP() FROM (SELECT 1) AS o',
      `WHERE NOT EXISTS (SELECT 1 FROM ${loads} WHERE "TABLE_NAME" = ? AND "BATCH" = ?)`,
    ],
    [key.table, key.batch, manifestHash, key.attempt, rows, scope, key.table, key.batch],
  );
}

/** Which of the objects the table has from any batch. At most 10,000 objects. */
export function findObjects({ database, table }: LoadKey, objects: readonly ObjectId[]): Statement {
  return statement(
    [
      `SELECT DISTINCT "OBJECT_ID" FROM ${inBooks(database, 'LOAD_OBJECTS')} WHERE "TABLE_NAME" = ?`,
      `AND "OBJECT_ID" IN (${objects.map(quoteLiteral).join(', ')})`,
    ],
    [table],
  );
}

/** An object as it enters the books. */
export interface ObjectEntry {
  readonly object: ObjectId;
  readonly rows: number;
  /** Rows that were equal to those that the table had. */
  readonly unchanged?: number;
  /** Rows that gave way to newer ones of their key. */
  readonly overwritten?: number;
}

/** Enters the objects that the table has from no batch: inserts as many rows. At most 10,000 objects. */
export function claimObjects({ database, table, batch }: LoadKey, objects: readonly ObjectEntry[]): Statement {
  const known = inBooks(database, 'LOAD_OBJECTS');
  const values = objects.map(
    ({ object, rows, unchanged = 0, overwritten = 0 }) =>
      `(${quoteLiteral(object)}, ${rows}, ${unchanged}, ${overwritten})`,
  );
  return statement(
    [
      `INSERT INTO ${known} ("TABLE_NAME", "OBJECT_ID", "BATCH", "ROWS", "UNCHANGED", "OVERWRITTEN")`,
      'SELECT ?, c."OBJECT_ID", ?, c."ROWS", c."UNCHANGED", c."OVERWRITTEN"',
      `FROM (VALUES ${values.join(', ')}) AS c ("OBJECT_ID", "ROWS", "UNCHANGED", "OVERWRITTEN")`,
      `WHERE NOT EXISTS (SELECT 1 FROM ${known} AS k WHERE k."TABLE_NAME" = ? AND k."OBJECT_ID" = c."OBJECT_ID")`,
    ],
    [table, batch, table],
  );
}

/** The oldest batch that brought one of the objects, and how many of them the books know. */
export function oldestBatch({ database, table }: LoadKey, objects: readonly ObjectId[]): Statement {
  return statement(
    [
      'SELECT COUNT(DISTINCT "OBJECT_ID") AS "KNOWN", MIN("BATCH") AS "OLDEST"',
      `FROM ${inBooks(database, 'LOAD_OBJECTS')} WHERE "TABLE_NAME" = ?`,
      `AND "OBJECT_ID" IN (${objects.map(quoteLiteral).join(', ')})`,
    ],
    [table],
  );
}
