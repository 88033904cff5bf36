import { Pool, types as defaultTypes } from 'pg';
import type { PoolClient } from 'pg';
import { errorCode, isConnectionError } from './errors.js';

const INT8_OID = 20;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** How a pool is opened. */
export interface PoolOptions {
  /** postgres:// URL. */
  readonly url: string;
  /** Most connections held at once. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** The server ends a statement that runs longer. Default 60,000. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for a connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Further settings of every session, by the server's names for them; a session that a pooler shares keeps its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Given after connecting, not in the startup packet: connection poolers refuse startup parameters that they do not know. Behind a pooler
 * the session is shared, and its next user is somebody else: nothing is set there. A pooler makes up the process that it names.
 */
const SET = `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS t(name, value) WHERE ${ownSession('$3')}`;

/**
 * A pool of connections; connects at the first query. int8 arrives as a number (rows and bytes stay under 2^53).
 * A connection that dies while idle is replaced in silence: the next query finds out.
 */
export function openPool({
  url,
  max,
  applicationName,
  statementTimeoutMs = 60_000,
  connectTimeoutMs = 10_000,
  settings = {},
}: PoolOptions): Pool {
  const all: Readonly<Record<string, string>> = {
    statement_timeout: String(statementTimeoutMs),
    // A client that froze inside a transaction must not keep its locks for ever.
    idle_in_transaction_session_timeout: String(statementTimeoutMs),
    ...settings,
  };
  const pool = new Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    onConnect: (client) => client.query(SET, [Object.keys(all), Object.values(all), processOf(client)]),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8_OID && format !== 'binary' ? Number : defaultTypes.getTypeParser(oid, format ?? 'text'),
    },
  });
  pool.on('error', () => {});
  return pool;
}

/** An SQL condition: the session is this connection's own, not a pooler's. `parameter` (`$3`) takes the client's `processOf`. */
export function ownSession(parameter: string): string {
  return `pg_backend_pid() = ${parameter}::integer`;
}

/** The server's process as it was named when the client connected; undefined before. */
export function processOf(client: object): number | undefined {
  const process: unknown = Reflect.get(client, 'processID');
  return typeof process === 'number' ? process : undefined;
}

/**
 * Runs `work` in one transaction (READ COMMITTED) and commits; any throw rolls back. A serialization failure or deadlock
 * runs `work` again, five times at most, so it must have no effects outside the transaction. An abort of the signal ends the
 * connection at once, whether the server listens or not, and its reason is thrown; whether a COMMIT under way came through is not known.
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryTransaction(pool, work, signal);
    } catch (error) {
      const code = errorCode(error);
      if (tries >= 5 || (code !== SERIALIZATION_FAILURE && code !== DEADLOCK_DETECTED)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** tries * (0.5 + Math.random())));
    }
  }
}

async function tryTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  signal?.throwIfAborted();
  const client = await pool.connect();
  let broken = false;
  // Without a listener a connection that dies between two statements would end the process.
  const onError = () => {
    broken = true;
  };
  client.on('error', onError);
  // Amid a statement this destroys the socket: a server that has stopped reading would never answer a ROLLBACK.
  let released = false;
  const onAbort = () => {
    released = true;
    client.release(true);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    broken ||=
      isConnectionError(error) ||
      !(await client.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
    throw error;
  } finally {
    client.off('error', onError);
    signal?.removeEventListener('abort', onAbort);
    if (!released) client.release(broken);
  }
}
export { errorCode, isConnectionError } from './errors.js';
