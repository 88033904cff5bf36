import type { ClientBase, Pool } from 'pg';
import type { TableName } from './identifiers.js';
import { quoteTable } from './identifiers.js';

/** An index that makes ON CONFLICT (key) possible: unique, whole, at once, of these columns and no others. */
const FIND = `
SELECT FROM pg_index i
WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a
       WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) = $2::text[]`;

/** Whether the table has a unique index of the key's columns, in any order. */
export async function hasKeyIndex(
  client: Pool | ClientBase,
  table: TableName,
  key: readonly string[],
): Promise<boolean> {
  const { rowCount } = await client.query(FIND, [quoteTable(table), [...key].sort()]);
  return rowCount !== 0;
}
