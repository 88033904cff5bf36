import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { LoadKey } from './books.js';

/**
 * The name that a load's connection bears in pg_stat_activity: the batch and table as a digest (names are cut at 63 bytes), and
 * the attempt.
 */
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
     WHERE starts_with(application_name, $1) AND usesysid = current_user::regrole
       AND substr(application_name, length($1) + 1)::integer < $2`,
    [prefix, key.attempt],
  );
}

function prefixOf({ table, batch }: Pick<LoadKey, 'table' | 'batch'>): string {
  return `sluice load ${createHash('sha256').update(`${batch} ${table}`).digest('hex').slice(0, 24)} `;
}
