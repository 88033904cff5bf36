import type { LedgerDatabase } from './database.js';
import type { ObjectState } from './port.js';

/** Above this many rows a reader folds the tallies into one row a dataset and state. */
const FOLD_ABOVE = 2_000;

const FOLD = `
WITH gone AS (DELETE FROM sluice.tallies RETURNING dataset, state, objects, bytes)
INSERT INTO sluice.tallies
SELECT dataset, state, sum(objects), sum(bytes) FROM gone GROUP BY dataset, state HAVING sum(objects) <> 0 OR sum(bytes) <> 0`;

/** Objects and bytes per dataset and state: the sum of all differences that the transactions wrote. */
export async function readTallies(
  database: LedgerDatabase,
): Promise<readonly { dataset: string; state: ObjectState; objects: number; bytes: number }[]> {
  const rows = await database.rows<{
    dataset: string;
    state: ObjectState;
    objects: number;
    bytes: number;
    parts: number;
  }>(
    `SELECT dataset, state, sum(objects)::bigint AS objects, sum(bytes)::bigint AS bytes, count(*) AS parts
     FROM sluice.tallies GROUP BY dataset, state ORDER BY dataset, state`,
  );
  if (rows.reduce((sum, row) => sum + row.parts, 0) > FOLD_ABOVE) await foldTallies(database);
  return rows
    .filter((row) => row.objects !== 0)
    .map(({ dataset, state, objects, bytes }) => ({ dataset, state, objects, bytes }));
}

/** Folds the differences; a second fold at the same time finds its rows deleted and adds nothing. */
export async function foldTallies(database: LedgerDatabase): Promise<void> {
  await database.changed(FOLD);
}
