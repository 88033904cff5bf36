import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** What a session is set to, whatever the user's or the account's defaults are. */
export interface SessionSettings {
  /** JSON: who pays for the queries. */
  readonly queryTag: string;
  /** Seconds that a statement may run in Snowflake. */
  readonly statementTimeoutS: number;
  /** Seconds that a statement waits for a lock. */
  readonly lockTimeoutS: number;
}

/**
 * Settings that decide how names and times are read, and what happens to a session whose worker died: its queries end, and a transaction
 * that failed is rolled back instead of committed in part.
 */
export function setSession({ queryTag, statementTimeoutS, lockTimeoutS }: SessionSettings): Statement {
  const settings = [
    "TIMEZONE = 'UTC'",
    'QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE',
    'ABORT_DETACHED_QUERY = TRUE',
    'TRANSACTION_ABORT_ON_ERROR = TRUE',
    'ERROR_ON_NONDETERMINISTIC_MERGE = TRUE',
    'AUTOCOMMIT = TRUE',
    `STATEMENT_TIMEOUT_IN_SECONDS = ${statementTimeoutS}`,
    `LOCK_TIMEOUT = ${lockTimeoutS}`,
    "TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9'",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM'",
    "TIMESTAMP_TZ_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM'",
    "BINARY_OUTPUT_FORMAT = 'HEX'",
    `QUERY_TAG = ${quoteLiteral(queryTag)}`,
  ];
  return statement([`ALTER SESSION SET ${settings.join(', ')}`]);
}

export const BEGIN: Statement = { text: 'BEGIN TRANSACTION' };
export const COMMIT: Statement = { text: 'COMMIT' };
export const ROLLBACK: Statement = { text: 'ROLLBACK' };
