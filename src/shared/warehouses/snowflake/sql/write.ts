import type { BatchId, ObjectId } from '../../../ids.js';
import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { LoadColumn } from '../planTable.js';
import { tableValue, uuidText } from '../types.js';
import type { LoadKey } from './books.js';
import { inBooks } from './books.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** The staged rows of a batch. */
export interface StagedRows {
  readonly staging: TableName;
  readonly columns: readonly LoadColumn[];
  readonly batch: BatchId;
  /** Objects whose rows stay away. */
  readonly skipped: readonly ObjectId[];
}

/** The object of a staged row `s`, as the table has it. */
export const STAGED_OBJECT = uuidText('s."_SLUICE_OBJECT"');

/** How many staged rows each object has. */
export function countStaged(staging: TableName): Statement {
  return statement([
    `SELECT ${STAGED_OBJECT} AS "OBJECT_ID", COUNT(*) AS "ROWS" FROM ${quoteTable(staging)} AS s GROUP BY 1`,
  ]);
}

/** Adds the staged rows to the table. */
export function insertRows(table: TableName, rows: StagedRows): Statement {
  const targets = [...rows.columns.map(({ target }) => target), '_SLUICE_BATCH', '_SLUICE_OBJECT', '_SLUICE_ROW'];
  return statement([
    `INSERT INTO ${quoteTable(table)} (${[...targets, '_SLUICE_LOADED_AT'].map(quoteName).join(', ')})`,
    `${selectStaged(rows)}`,
  ]);
}

/** The staged rows as the table takes them: its columns, then the batch, the object, the row and the time. */
export function selectStaged({ staging, columns, batch, skipped }: StagedRows): string {
  const values = columns.map(({ target, type }) => tableValue(type, `s.${quoteName(target)}`));
  const own = [quoteLiteral(batch), STAGED_OBJECT, 's."_SLUICE_ROW"', 'CURRENT_TIMESTAMP()'];
  const where = skipped.length === 0 ? '' : ` WHERE ${STAGED_OBJECT} NOT IN (${skipped.map(quoteLiteral).join(', ')})`;
  return `SELECT ${[...values, ...own].join(', ')} FROM ${quoteTable(staging)} AS s${where}`;
}

/** The columns of staged rows `s`, each under its name in the table. */
export function nameStaged({ columns, batch }: StagedRows): string {
  const named = columns.map(
    ({ target, type }) => `${tableValue(type, `s.${quoteName(target)}`)} AS ${quoteName(target)}`,
  );
  const own = [
    `${quoteLiteral(batch)} AS "_SLUICE_BATCH"`,
    `${STAGED_OBJECT} AS "_SLUICE_OBJECT"`,
    's."_SLUICE_ROW" AS "_SLUICE_ROW"',
    'CURRENT_TIMESTAMP() AS "_SLUICE_LOADED_AT"',
  ];
  return [...named, ...own].join(', ');
}

/** Of each key the newest staged row. */
export function selectNewest(
  rows: StagedRows,
  { key, orderBy }: { readonly key: readonly string[]; readonly orderBy: readonly string[] },
): string {
  const { staging, skipped } = rows;
  const where = skipped.length === 0 ? '' : ` WHERE ${STAGED_OBJECT} NOT IN (${skipped.map(quoteLiteral).join(', ')})`;
  // Rows that are equal in all else: the one that stands later, so that every try chooses the same.
  const order = [
    ...orderBy.map((name) => `s.${quoteName(name)} DESC NULLS LAST`),
    `${STAGED_OBJECT} DESC`,
    's."_SLUICE_ROW" DESC',
  ];
  const by = key.map((name) => `s.${quoteName(name)}`).join(', ');
  return (
    `SELECT ${nameStaged(rows)} FROM ${quoteTable(staging)} AS s${where}` +
    ` QUALIFY ROW_NUMBER() OVER (PARTITION BY ${by} ORDER BY ${order.join(', ')}) = 1`
  );
}

/**
 * What the table and the books have of these objects, of one moment: rows that are present, removed, unchanged, overwritten. Counts from
 * a batch on where one is named: batch ids rise with time, so Snowflake prunes.
 */
export function countPresent(
  table: TableName,
  objects: readonly ObjectId[],
  { key, fromBatch }: { readonly key: Pick<LoadKey, 'database' | 'table'>; readonly fromBatch?: string | undefined },
): Statement {
  const list = objects.map(quoteLiteral).join(', ');
  const noted = ['REMOVED', 'UNCHANGED', 'OVERWRITTEN'];
  const sum = noted.map((name) => `COALESCE("${name}", 0)`).join(' + ');
  return statement(
    [
      'SELECT COALESCE(p."OBJECT_ID", b."OBJECT_ID") AS "OBJECT_ID", COALESCE(p."PRESENT", 0) AS "PRESENT",',
      `${noted.map((name) => `COALESCE(b."${name}", 0) AS "${name}"`).join(', ')}`,
      `FROM (SELECT "_SLUICE_OBJECT" AS "OBJECT_ID", COUNT(*) AS "PRESENT" FROM ${quoteTable(table)}`,
      `WHERE "_SLUICE_OBJECT" IN (${list})`,
      fromBatch === undefined ? '' : 'AND "_SLUICE_BATCH" >= ?',
      `GROUP BY 1) AS p FULL OUTER JOIN (SELECT "OBJECT_ID", ${noted.map((name) => `"${name}"`).join(', ')}`,
      `FROM ${inBooks(key.database, 'LOAD_OBJECTS')} WHERE "TABLE_NAME" = ? AND "OBJECT_ID" IN (${list}) AND ${sum} > 0) AS b`,
      'ON p."OBJECT_ID" = b."OBJECT_ID"',
    ],
    [...(fromBatch === undefined ? [] : [fromBatch]), key.table],
  );
}
