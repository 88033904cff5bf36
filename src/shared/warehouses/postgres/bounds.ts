import type { ClientBase } from 'pg';

/** How long a load may wait and work, in milliseconds. */
export interface Bounds {
  /** For a lock that somebody else holds. */
  readonly lockTimeoutMs: number;
  /** For one statement other than COPY. */
  readonly statementTimeoutMs: number;
  /** For the COPY of one batch. */
  readonly copyTimeoutMs: number;
  /** The largest table, in bytes with its indexes, that a widening may write anew: nobody can read it meanwhile. */
  readonly rewriteBytes: number;
}

/** 10 s for a lock, a minute for a statement, an hour for the rows of a batch, 10 GB to write anew. */
export const DEFAULT_BOUNDS: Bounds = {
  lockTimeoutMs: 10_000,
  statementTimeoutMs: 60_000,
  copyTimeoutMs: 3_600_000,
  rewriteBytes: 10e9,
};

/** Sets the transaction's bounds and isolation, whatever the role's or the database's defaults are. */
export async function boundWaits(client: ClientBase, { lockTimeoutMs, statementTimeoutMs }: Bounds): Promise<void> {
  await client.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE');
  await setLocal(client, {
    lock_timeout: String(lockTimeoutMs),
    statement_timeout: String(statementTimeoutMs),
    // Behind a pooler the session's own may be none; a worker that froze must not keep its locks for ever.
    idle_in_transaction_session_timeout: String(IDLE_TIMEOUT_MS),
  });
}

const IDLE_TIMEOUT_MS = 60_000;

/** Settings until the end of the transaction. */
export async function setLocal(client: ClientBase, settings: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(settings);
  const calls = names.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`);
  await client.query(`SELECT ${calls.join(', ')}`, Object.entries(settings).flat());
}
