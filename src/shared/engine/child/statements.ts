import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { DuckDBMaterializedResult } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

/** Statements that take no longer than this many turns of the loop are answered at once. */
const BRISK_TURNS = 3;
const MAX_WAIT_MS = 10;

/**
 * Runs statements, the result of the last one is the answer. DuckDB's own threads do the work and this one looks in now
 * and then: the client's own way lends it a thread of the pool, which spins whenever it finds nothing to do (a sequential
 * plan on two threads then costs twice its processor time). Needs `external_threads = 0`.
 */
export async function runStatements(connection: duckdb.Connection, sql: string): Promise<DuckDBMaterializedResult> {
  const { extracted_statements: extracted, statement_count: count } = await duckdb.extract_statements(connection, sql);
  if (count === 0) throw new Error(`Parser Error: ${duckdb.extract_statements_error(extracted)}`);
  for (let index = 0; ; index++) {
    const prepared = await duckdb.prepare_extracted_statement(connection, extracted, index);
    const pending = duckdb.pending_prepared(prepared);
    await settled(pending);
    // DuckDB gives the same state to an error and to the end: only the message tells them apart.
    const message = duckdb.pending_error(pending);
    if (message !== '') throw new Error(message);
    const result = await duckdb.execute_pending(pending);
    if (index === count - 1) return new DuckDBMaterializedResult(result);
  }
}

/** Resolves when the result or the error is there; execute_pending then gives the result without work. */
async function settled(pending: duckdb.PendingResult): Promise<void> {
  for (let turns = 1; ; turns++) {
    const state = duckdb.pending_execute_check_state(pending);
    if (state === duckdb.PendingState.RESULT_READY || state === duckdb.PendingState.ERROR) return;
    await (turns <= BRISK_TURNS ? nextTurn() : sleep(Math.min(turns - BRISK_TURNS, MAX_WAIT_MS)));
  }
}
