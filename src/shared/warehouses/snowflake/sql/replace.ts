import type { ObjectId } from '../../../ids.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { LoadKey, ObjectEntry } from './books.js';
import { inBooks } from './books.js';
import type { Bind, Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/*
 * Replace is DELETE and INSERT in one transaction. ALTER TABLE ... SWAP WITH would be DDL, which commits by itself: the books could not
 * commit with it.
 */

/** How many batches newer than this one the scope has: one number. */
export function countNewer({ database, table, batch }: LoadKey, scope: string): Statement {
  return statement(
    [
      `SELECT COUNT(*) AS "NEWER" FROM ${inBooks(database, 'LOADS')}`,
      'WHERE "TABLE_NAME" = ? AND "SCOPE" = ? AND "BATCH" > ?',
    ],
    [table, scope, batch],
  );
}

/** Which of the objects stay where they are: a batch as new as this one brought them, or a newer version took their place. */
export function findNewer({ database, table, batch }: LoadKey, objects: readonly ObjectId[]): Statement {
  const list = `SELECT DISTINCT "OBJECT_ID" FROM ${inBooks(database, 'LOAD_OBJECTS')} WHERE "TABLE_NAME" = ? AND "OBJECT_ID" IN (${objects.map(quoteLiteral).join(', ')})`;
  return statement([`${list} AND (COALESCE("BATCH" >= ?, TRUE) OR "REPLACED_BY" IS NOT NULL)`], [table, batch]);
}

/** Which rows leave: all, or those of one scope's batches and of these objects, which come again. */
export interface Leaving {
  readonly key: LoadKey;
  readonly scope: string;
  readonly objects: readonly ObjectId[];
}

/** How many rows of each object leave, kept beside the staging table until the load ends. */
export function createGone(gone: TableName): Statement {
  return statement([
    `CREATE OR REPLACE TRANSIENT TABLE ${quoteTable(gone)} ("GONE_OBJECT" VARCHAR(36), "GONE_ROWS" NUMBER(19,0))`,
    'DATA_RETENTION_TIME_IN_DAYS = 0',
  ]);
}

/** Counts what leaves, then takes it out: in this order, within the load's transaction. No OR: each part by statements of its own. */
export function takeOut(table: TableName, gone: TableName, leaving: Leaving): readonly Statement[] {
  return conditions(leaving).flatMap(([where, binds]) => [
    statement(
      [
        `INSERT INTO ${quoteTable(gone)} ("GONE_OBJECT", "GONE_ROWS")`,
        `SELECT "_SLUICE_OBJECT", COUNT(*) FROM ${quoteTable(table)}`,
        where,
        'GROUP BY 1',
      ],
      binds,
    ),
    statement([`DELETE FROM ${quoteTable(table)}`, where], binds),
  ]);
}

function conditions({ key, scope, objects }: Leaving): readonly (readonly [string, readonly Bind[] | undefined])[] {
  if (scope === '') return [['', undefined]];
  const batches = `SELECT "BATCH" FROM ${inBooks(key.database, 'LOADS')} WHERE "TABLE_NAME" = ? AND "SCOPE" = ?`;
  return [
    [`WHERE "_SLUICE_BATCH" IN (${batches})`, [key.table, scope]],
    ...(objects.length === 0
      ? []
      : [[`WHERE "_SLUICE_OBJECT" IN (${objects.map(quoteLiteral).join(', ')})`, undefined] as const]),
  ];
}

/** Notes in the books how many rows of other batches left. */
export function noteGone({ database, table, batch }: LoadKey, gone: TableName): Statement {
  return statement(
    [
      `UPDATE ${inBooks(database, 'LOAD_OBJECTS')} SET "REMOVED" = COALESCE("REMOVED", 0) + c."LEFT_ROWS"`,
      `FROM (SELECT "GONE_OBJECT", SUM("GONE_ROWS") AS "LEFT_ROWS" FROM ${quoteTable(gone)} GROUP BY 1) AS c`,
      'WHERE "TABLE_NAME" = ? AND "OBJECT_ID" = c."GONE_OBJECT" AND "BATCH" <> ?',
    ],
    [table, batch],
  );
}

/** Enters objects, or moves them here from an older batch: inserts and updates as many rows together as there are objects. */
export function claimWhole(key: LoadKey, objects: readonly ObjectEntry[]): Statement {
  return statement(
    [
      `${intoObjects(key, objects)} WHEN MATCHED AND k."BATCH" < ${quoteLiteral(key.batch)} AND k."REPLACED_BY" IS NULL`,
      'THEN UPDATE SET "BATCH" = c."BATCH", "ROWS" = c."ROWS", "REMOVED" = 0',
      'WHEN NOT MATCHED THEN INSERT ("TABLE_NAME", "OBJECT_ID", "BATCH", "ROWS") VALUES (c."TABLE_NAME", c."OBJECT_ID", c."BATCH", c."ROWS")',
    ],
    [key.table, key.batch],
  );
}

/** Enters objects of a batch that came too late: their rows gave way. What is there already stays. */
export function claimLate(key: LoadKey, objects: readonly ObjectEntry[]): Statement {
  return statement(
    [
      `${intoObjects(key, objects)} WHEN NOT MATCHED THEN INSERT ("TABLE_NAME", "OBJECT_ID", "BATCH", "ROWS", "REMOVED")`,
      'VALUES (c."TABLE_NAME", c."OBJECT_ID", c."BATCH", c."ROWS", c."ROWS")',
    ],
    [key.table, key.batch],
  );
}

function intoObjects({ database }: LoadKey, objects: readonly ObjectEntry[]): string {
  const values = objects.map(({ object, rows }) => `(${quoteLiteral(object)}, ${rows})`).join(', ');
  return (
    `MERGE INTO ${inBooks(database, 'LOAD_OBJECTS')} AS k` +
    ` USING (SELECT ? AS "TABLE_NAME", ? AS "BATCH", v."OBJECT_ID", v."ROWS" FROM (VALUES ${values}) AS v ("OBJECT_ID", "ROWS")) AS c` +
    ' ON k."TABLE_NAME" = c."TABLE_NAME" AND k."OBJECT_ID" = c."OBJECT_ID"'
  );
}
