import type { ClientBase, Pool } from 'pg';
import { SluiceError } from '../../errors.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import type { ExistingColumn } from './planTable.js';

interface CatalogRow {
  readonly relkind: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly generated: string | null;
}

const CATALOG = `
  SELECT c.relkind::text, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated::text AS generated
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = $1 AND c.relname = $2
  ORDER BY a.attnum`;

/**
 * The columns of a table, in order; undefined when there is none. A generated column has the type `generated column`, which no
 * value fits. Errors: TARGET_MISMATCH when the name belongs to something that cannot be loaded (a view, a sequence).
 */
export async function readTable(
  client: Pool | ClientBase,
  table: TableName,
): Promise<readonly ExistingColumn[] | undefined> {
  const { rows } = await client.query<CatalogRow>(CATALOG, [table.schema, table.name]);
  const [first] = rows;
  if (first === undefined) return undefined;
  // r: a table; p: a partitioned table.
  if (first.relkind !== 'r' && first.relkind !== 'p') {
    throw new SluiceError('TARGET_MISMATCH', `expected ${tableKey(table)} to be a table, got relkind ${first.relkind}`);
  }
  return rows.flatMap(({ name, type, generated }) =>
    name === null || type === null ? [] : [{ name, type: generated === '' ? type : 'generated column' }],
  );
}
