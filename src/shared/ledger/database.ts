import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { isSluiceError, SluiceError } from '../errors.js';
import { errorCode, isConnectionError, withTransaction } from '../postgres/pool.js';

/** Runs statements; within a transaction, or each on its own. */
export interface Statements {
  /**
   * Rows of one statement. T names the columns that its text selects. A statement with a name stays prepared on its connection: for
   * those that come many times a second, whose parsing and planning would be a tenth of their cost.
   */
  rows<T extends QueryResultRow>(text: string, values?: readonly unknown[], name?: string): Promise<readonly T[]>;
  /** How many rows one statement changed. */
  changed(text: string, values?: readonly unknown[]): Promise<number>;
}

/** The ledger's database as the sub-ports see it. Every failure is a SluiceError: LEDGER_AWAY, or INTERNAL with its cause. */
export interface LedgerDatabase extends Statements {
  /** One transaction; runs `work` again after a deadlock, so it must have no other effects. */
  transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
}

/** The ledger's statements over a pool. */
export function ledgerDatabase(pool: Pool): LedgerDatabase {
  return {
    ...statementsOf(pool, asLedgerError),
    async transaction(work) {
      try {
        return await withTransaction(pool, (client) => work(statementsOf(client, (error) => error)));
      } catch (error) {
        throw asLedgerError(error);
      }
    },
  };
}

/** The statements of a pool or of a client within its transaction; `mapError` turns what is thrown (a transaction maps at its end). */
function statementsOf(runner: Pool | PoolClient, mapError: (error: unknown) => unknown): Statements {
  const run = async <T extends QueryResultRow>(text: string, values: readonly unknown[] = [], name?: string) => {
    try {
      return await runner.query<T>({ text, values: [...values], ...(name === undefined ? {} : { name }) });
    } catch (error) {
      throw mapError(error);
    }
  };
  return {
    rows: async <T extends QueryResultRow>(text: string, values?: readonly unknown[], name?: string) =>
      (await run<T>(text, values, name)).rows,
    changed: async (text, values) => (await run(text, values)).rowCount ?? 0,
  };
}

/** Wrong password, role or database name: the service is there but not for us, and its url wants mending. */
const REFUSED_CODES = new Set(['28000', '28P01', '3D000']);

function asLedgerError(error: unknown): SluiceError {
  if (isSluiceError(error)) return error;
  const code = errorCode(error);
  const message = error instanceof Error && error.message !== '' ? error.message : (code ?? String(error));
  if (isConnectionError(error) || (code !== undefined && REFUSED_CODES.has(code))) {
    return new SluiceError('LEDGER_AWAY', `expected an answer of the ledger, got: ${message}`, { cause: error });
  }
  return new SluiceError('INTERNAL', `the ledger refused a statement: ${message}`, { cause: error });
}
