import { quoteText } from '../../schema/columns.js';
import type { Warehouse } from '../port.js';
import type { TableName } from './identifiers.js';
import type { ExistingColumn } from './planTable.js';

/** The columns of a table of a Postgres target, as its catalogue has them; undefined when there is no such table. Errors: those of `ask`. */
export async function askTable(
  { ask }: Pick<Warehouse, 'ask'>,
  table: TableName,
): Promise<readonly ExistingColumn[] | undefined> {
  const { rows } = await ask(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${quoteText(table.schema)} AND c.relname = ${quoteText(table.name)} AND a.attnum > 0 AND NOT a.attisdropped`,
  );
  const columns = rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
  return columns.length === 0 ? undefined : columns;
}
