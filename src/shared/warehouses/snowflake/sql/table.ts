import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { Statement } from './statement.js';
import { statement } from './statement.js';

/** A column and its Snowflake type. */
export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** Asks for a table's columns; needs no running warehouse. Columns of the answer: name, type, kind, ... */
export function describeTable(table: TableName): Statement {
  return statement([`DESCRIBE TABLE ${quoteTable(table)}`]);
}

export function createSchema({ database, schema }: Pick<TableName, 'database' | 'schema'>): Statement {
  return statement([`CREATE SCHEMA IF NOT EXISTS ${quoteName(database)}.${quoteName(schema)}`]);
}

/** Creates the table where it is missing; `clusterBy` are its columns that keep rows together. */
export function createTable(
  table: TableName,
  columns: readonly TypedColumn[],
  clusterBy: readonly string[] = [],
): Statement {
  return statement([
    `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (${columnList(columns)})`,
    clusterBy.length === 0 ? '' : `CLUSTER BY (${clusterBy.map(quoteName).join(', ')})`,
  ]);
}

export function addColumns(table: TableName, columns: readonly TypedColumn[]): readonly Statement[] {
  return columns.map(({ name, type }) =>
    statement([`ALTER TABLE ${quoteTable(table)} ADD COLUMN IF NOT EXISTS ${quoteName(name)} ${type}`]),
  );
}

export function widenColumns(table: TableName, columns: readonly TypedColumn[]): readonly Statement[] {
  return columns.map(({ name, type }) =>
    statement([`ALTER TABLE ${quoteTable(table)} ALTER COLUMN ${quoteName(name)} SET DATA TYPE ${type}`]),
  );
}

/** `"A" NUMBER(38,0), "B" VARCHAR`. */
export function columnList(columns: readonly TypedColumn[]): string {
  return columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(', ');
}
