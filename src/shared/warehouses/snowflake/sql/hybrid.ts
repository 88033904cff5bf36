import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { Statement } from './statement.js';
import { statement } from './statement.js';

/** Names in the schema of the table. */
export interface HybridOptions {
  readonly view: string;
  /** A table that holds what Postgres holds and Snowflake has not yet. */
  readonly recent: string;
  readonly columns: readonly string[];
  /** The column of time that splits the two. */
  readonly at: string;
  /** How far back the other table reaches. */
  readonly days: number;
  /** The present moment as SQL, of the column's type: whatever zone a reader's session has. */
  readonly now: string;
}

/**
 * A view over everything: history from the table, and of the recent rows those that the table does not have yet. Rows that stand in
 * both are told by their object and their place in it.
 */
export function uniteRecent(table: TableName, { view, recent, columns, at, days, now }: HybridOptions): Statement {
  const list = columns.map(quoteName).join(', ');
  const other = quoteTable({ ...table, name: recent });
  return statement([
    `CREATE OR REPLACE VIEW ${quoteTable({ ...table, name: view })} AS SELECT ${list} FROM ${quoteTable(table)}`,
    `UNION ALL SELECT ${columns.map((name) => `r.${quoteName(name)}`).join(', ')} FROM ${other} AS r`,
    `WHERE r.${quoteName(at)} >= DATEADD(DAY, ${-Math.abs(days)}, ${now}) AND NOT EXISTS`,
    `(SELECT 1 FROM ${quoteTable(table)} AS h WHERE h."_SLUICE_OBJECT" = r."_SLUICE_OBJECT" AND h."_SLUICE_ROW" = r."_SLUICE_ROW")`,
  ]);
}

/**
 * What is older than a moment, and what has no time: together with Postgres's rows from that moment on, every row once. `before`: an SQL
 * literal of the column's type.
 */
export function selectOlder(
  table: TableName,
  { columns, at, before }: Pick<HybridOptions, 'columns' | 'at'> & { readonly before: string },
): Statement {
  const list = columns.map(quoteName).join(', ');
  return statement([
    `SELECT ${list} FROM ${quoteTable(table)} WHERE ${quoteName(at)} < ${before} OR ${quoteName(at)} IS NULL`,
  ]);
}
