import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { Statement } from './statement.js';
import { statement } from './statement.js';

/** A table of one row, whose lock is the turn to write into one table. Safe to run twice and at once. */
export function createTurn(turn: TableName): readonly Statement[] {
  const name = quoteTable(turn);
  return [
    statement([`CREATE TABLE IF NOT EXISTS ${name} ("HELD" NUMBER(10,0) NOT NULL)`]),
    statement([`INSERT INTO ${name} ("HELD") SELECT 0 FROM (SELECT 1) AS o WHERE NOT EXISTS (SELECT 1 FROM ${name})`]),
  ];
}

/**
 * Takes the turn until the transaction ends. Loads that compare with what the table has, or take rows out, go one after the other; what
 * they read after this is what the one before has committed. Loads of other tables do not wait.
 */
export function takeTurn(turn: TableName): Statement {
  return statement([`UPDATE ${quoteTable(turn)} SET "HELD" = "HELD" + 1 WHERE "HELD" >= 0`]);
}
