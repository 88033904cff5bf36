import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from } from 'pg-copy-streams';
import type { CopyOutRequest, EngineSession } from '../../engine/port.js';
import { quoteName } from '../../schema/columns.js';

/** Rows on their way: a SELECT of the engine, and the columns of the target that it fills. */
export interface RowSource {
  readonly session: EngineSession;
  readonly sql: string;
  /** DuckDB types of the SELECT, in order. */
  readonly types: readonly string[];
  readonly encoding: CopyOutRequest['encoding'];
  /** Columns of the target, in the SELECT's order. */
  readonly targets: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams the SELECT's rows into a table (quoted) and returns how many the table took. `onBytes` is awaited once, when the first
 * bytes have left. Errors: the engine's, Postgres's, or the signal's reason; the transaction is lost then.
 */
export async function copyRows(
  client: ClientBase,
  into: string,
  source: RowSource,
  onBytes: () => Promise<void>,
): Promise<number> {
  const { session, sql, types, encoding, targets, signal } = source;
  const format = encoding === 'postgres-binary' ? 'binary' : 'text';
  const copy = client.query(
    from(`COPY ${into} (${targets.map(quoteName).join(', ')}) FROM STDIN WITH (FORMAT ${format})`),
  );
  const rows = session.copyOut({ sql, types, encoding, ...(signal === undefined ? {} : { signal }) });
  const failures: unknown[] = [];
  // A target that gave up must end the engine's work as well, not wait for its next bytes.
  copy.once('error', (error: unknown) => {
    failures.push(error);
    rows.destroy();
  });
  try {
    await pipeline(readBytes(rows, onBytes, failures), copy);
  } catch (error) {
    throw failures[0] ?? error;
  }
  return copy.rowCount;
}

async function* readBytes(
  rows: Readable,
  onBytes: () => Promise<void>,
  failures: unknown[],
): AsyncGenerator<Uint8Array> {
  let first = true;
  try {
    for await (const chunk of rows) {
      yield chunk;
      if (first) await onBytes();
      first = false;
    }
  } catch (error) {
    failures.push(error);
    // What ends a COPY goes into the server's log, and the engine's words may quote values.
    throw new Error('the rows could not be read', { cause: error });
  }
}
