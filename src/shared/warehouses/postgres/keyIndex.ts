import type { ClientBase, Pool } from 'pg';
import type { TableName } from './identifiers.js';
import { quoteTable } from './identifiers.js';

/** Whole indexes of these columns and no others, in any order. A unique one that is not deferred makes ON CONFLICT possible. */
const FIND = `
SELECT coalesce(bool_or(i.indisunique AND i.indimmediate), false) AS "unique", count(*) AS indexes FROM pg_index i
WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a
       WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) = $2::text[]`;

/** What stands of an index of the key: a unique one, another one, or none. */
export async function findKeyIndex(
  client: Pool | ClientBase,
  table: TableName,
  key: readonly string[],
): Promise<'unique' | 'plain' | 'none'> {
  const { rows } = await client.query<{ unique: boolean; indexes: number }>(FIND, [quoteTable(table), [...key].sort()]);
  const [found] = rows;
  if (found === undefined || Number(found.indexes) === 0) return 'none';
  return found.unique ? 'unique' : 'plain';
}
