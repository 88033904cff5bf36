import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** Takes out the rows of batches that a newer one replaces: within the load's transaction, before the new rows. */
export function deleteBatches(table: TableName, batches: readonly string[]): Statement {
  return statement([
    `DELETE FROM ${quoteTable(table)} WHERE ${quoteName('_SLUICE_BATCH')} IN (${batches.map(quoteLiteral).join(', ')})`,
  ]);
}

/**
 * Takes out every row: replace of a whole table in one transaction. ALTER TABLE ... SWAP WITH would be DDL, which commits by itself: the
 * books could not commit with it.
 */
export function deleteAll(table: TableName): Statement {
  return statement([`DELETE FROM ${quoteTable(table)}`]);
}
