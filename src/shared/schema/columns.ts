/** One column of a dataset's schema: its name as delivered, and its DuckDB type as text (BIGINT, DECIMAL(10,2), STRUCT(a INTEGER)). */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Columns that Sluice adds to every artifact: the object a row came from, and its place in it (from 0). */
export const PROVENANCE_COLUMNS = [
  { name: '_sluice_object', type: 'UUID' },
  { name: '_sluice_row', type: 'BIGINT' },
] as const satisfies readonly Column[];

/** The column of salted artifacts: rows of one key with the same salt belong together, 0 for keys that are not hot. */
export const SALT_COLUMN = '_salt';

/** An SQL identifier of DuckDB or Postgres, quoted. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string literal of DuckDB or Postgres (standard conforming strings). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
