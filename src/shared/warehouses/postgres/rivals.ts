import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Warehouse } from '../port.js';
import type { LoadKey } from './books.js';
import { parseTableName, tableKey } from './identifiers.js';

/** The name that a load's connection bears in pg_stat_activity: its batch, the table as a digest (names are cut at 63 bytes), the attempt. */
export function loadName({ table, batch, attempt }: LoadKey): string {
  return `${prefixOf({ table, batch })}${attempt}`;
}

/**
 * Ends the connections of older attempts at this load, once the fence stands above them: they cannot commit any more, but a
 * worker that froze amid its COPY would hold the books' row, and this attempt would wait for it in vain.
 */
export async function endOlderAttempts(pool: Pool, key: LoadKey): Promise<void> {
  const prefix = prefixOf(key);
  await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND starts_with(application_name, $1) AND usesysid = current_user::regrole
       AND substr(application_name, length($1) + 1)::integer < $2`,
    [prefix, key.attempt],
  );
}

function prefixOf({ table, batch }: Pick<LoadKey, 'table' | 'batch'>): string {
  return `sluice load ${batch} ${tableDigest(table)} `;
}

function tableDigest(table: string): string {
  return createHash('sha256').update(table).digest('hex').slice(0, 8);
}

/** A load whose rows are flowing, as the server sees it. */
export interface CopyUnderWay {
  readonly batch: string;
  readonly attempt: number;
  /** Rows and bytes that the server has taken. */
  readonly rows: number;
  readonly bytes: number;
  /** Since the load's transaction began. */
  readonly seconds: number;
}

/** The loads whose rows are flowing into a table (as the configuration names it), the oldest first; from pg_stat_progress_copy, which tells of every database of the server. */
export async function readCopies(
  { ask }: Pick<Warehouse, 'ask'>,
  { table, schema }: { readonly table: string; readonly schema: string },
): Promise<readonly CopyUnderWay[]> {
  const digest = tableDigest(tableKey(parseTableName(table, schema)));
  const { rows } = await ask(
    `SELECT split_part(application_name, ' ', 3), split_part(application_name, ' ', 5), tuples_processed, bytes_processed,
       extract(epoch FROM clock_timestamp() - xact_start)::numeric(20,1)
     FROM pg_stat_progress_copy JOIN pg_stat_activity USING (pid)
     WHERE pg_stat_activity.datname = current_database() AND application_name LIKE 'sluice load % ${digest} %' ORDER BY xact_start, pid`,
  );
  return rows.map(([batch, attempt, taken, bytes, seconds]) => ({
    batch: batch ?? '',
    attempt: Number(attempt),
    rows: Number(taken),
    bytes: Number(bytes),
    seconds: Number(seconds),
  }));
}
