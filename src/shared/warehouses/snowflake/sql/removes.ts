import type { ObjectId } from '../../../ids.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { LoadKey } from './books.js';
import { inBooks } from './books.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** An older version, and the object that takes its place. */
export interface Replaced {
  readonly object: ObjectId;
  readonly by: ObjectId;
}

/** Enters older versions as replaced, loaded or not: one that was not can never be loaded from now on. */
export function enterReplaced({ database, table, batch }: LoadKey, removes: readonly Replaced[]): Statement {
  const values = removes.map(({ object, by }) => `(${quoteLiteral(object)}, ${quoteLiteral(by)})`).join(', ');
  return statement(
    [
      `MERGE INTO ${inBooks(database, 'LOAD_OBJECTS')} AS k`,
      `USING (SELECT ? AS "TABLE_NAME", ? AS "BATCH", v."OBJECT_ID", v."BY_OBJECT" FROM (VALUES ${values}) AS v ("OBJECT_ID", "BY_OBJECT")) AS c`,
      'ON k."TABLE_NAME" = c."TABLE_NAME" AND k."OBJECT_ID" = c."OBJECT_ID"',
      'WHEN MATCHED AND k."REPLACED_BY" IS NULL THEN UPDATE SET "REPLACED_BY" = c."BY_OBJECT"',
      'WHEN NOT MATCHED THEN INSERT ("TABLE_NAME", "OBJECT_ID", "BATCH", "ROWS", "REPLACED_BY")',
      'VALUES (c."TABLE_NAME", c."OBJECT_ID", c."BATCH", 0, c."BY_OBJECT")',
    ],
    [table, batch],
  );
}

/**
 * Notes how many rows of replaced objects the table has, then takes them out: in this order, under the fence's lock. Batch ids rise with
 * time: nothing before the oldest of their batches is read.
 */
export function removeRows(
  { database, table }: LoadKey,
  from: TableName,
  objects: readonly ObjectId[],
): readonly Statement[] {
  const list = objects.map(quoteLiteral).join(', ');
  const books = inBooks(database, 'LOAD_OBJECTS');
  const where =
    `WHERE "_SLUICE_OBJECT" IN (${list}) AND "_SLUICE_BATCH" >=` +
    ` (SELECT MIN("BATCH") FROM ${books} WHERE "TABLE_NAME" = ? AND "OBJECT_ID" IN (${list}))`;
  return [
    statement(
      [
        `UPDATE ${books} SET "REMOVED" = COALESCE("REMOVED", 0) + c."GONE_ROWS"`,
        `FROM (SELECT "_SLUICE_OBJECT" AS "GONE_OBJECT", COUNT(*) AS "GONE_ROWS" FROM ${quoteTable(from)}`,
        `${where} GROUP BY 1) AS c WHERE "TABLE_NAME" = ? AND "OBJECT_ID" = c."GONE_OBJECT"`,
      ],
      [table, table],
    ),
    statement([`DELETE FROM ${quoteTable(from)} ${where}`], [table]),
  ];
}

/** Notes the rows of objects that were left out because a newer version was loaded before them. */
export function noteKeptOut(
  { database, table }: LoadKey,
  left: readonly { readonly object: ObjectId; readonly rows: number }[],
): Statement {
  const values = left.map(({ object, rows }) => `(${quoteLiteral(object)}, ${rows})`).join(', ');
  return statement(
    [
      `UPDATE ${inBooks(database, 'LOAD_OBJECTS')} SET "ROWS" = c."LEFT_ROWS", "REMOVED" = c."LEFT_ROWS"`,
      `FROM (SELECT v."LEFT_OBJECT", v."LEFT_ROWS" FROM (VALUES ${values}) AS v ("LEFT_OBJECT", "LEFT_ROWS")) AS c`,
      'WHERE "TABLE_NAME" = ? AND "OBJECT_ID" = c."LEFT_OBJECT" AND "REPLACED_BY" IS NOT NULL AND "ROWS" = 0',
    ],
    [table],
  );
}
