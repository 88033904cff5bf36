/** What can sensibly be asked of a column, whatever its width. */
export const TYPE_KINDS = [
  'integer',
  'decimal',
  'float',
  'boolean',
  'text',
  'uuid',
  'date',
  'timestamp',
  'time',
  'interval',
  'blob',
  'bit',
  'list',
  'map',
  'struct',
  'other',
] as const;
export type TypeKind = (typeof TYPE_KINDS)[number];

const INTEGERS = new Set(
  ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'BIGNUM'].flatMap((t) => [t, `U${t}`]),
);
const NAMED: Readonly<Record<string, TypeKind>> = {
  INT: 'integer',
  DECIMAL: 'decimal',
  NUMERIC: 'decimal',
  FLOAT: 'float',
  REAL: 'float',
  DOUBLE: 'float',
  BOOLEAN: 'boolean',
  VARCHAR: 'text',
  TEXT: 'text',
  JSON: 'text',
  ENUM: 'text',
  UUID: 'uuid',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  TIMESTAMPTZ: 'timestamp',
  TIME: 'time',
  TIME_NS: 'time',
  TIMETZ: 'time',
  INTERVAL: 'interval',
  BLOB: 'blob',
  BIT: 'bit',
  MAP: 'map',
  STRUCT: 'struct',
};

/** The kind of a DuckDB type as text, such as `DECIMAL(10,2)`, `STRUCT(a INTEGER)[]` or `TIMESTAMP WITH TIME ZONE`. */
export function typeKind(type: string): TypeKind {
  const trimmed = type.trim().toUpperCase();
  if (trimmed.endsWith(']')) return 'list';
  const head = /^[A-Z_]+/.exec(trimmed)?.[0] ?? '';
  return INTEGERS.has(head) ? 'integer' : (NAMED[head] ?? 'other');
}

/** True for columns that Sluice adds (`_sluice_object`, `_sluice_row` and others of that prefix). */
export function isProvenance(name: string): boolean {
  return name.toLowerCase().startsWith('_sluice_');
}
