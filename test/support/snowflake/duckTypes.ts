import { unknownStatement } from './fault.js';
import { nameParts } from './text.js';

/** A type of Snowflake as DuckDB's. */
export function duckType(type: string): string {
  const [, base = '', rest = ''] = /^([A-Z_]+)(\(.*\))?$/.exec(type) ?? [];
  if (base === 'NUMBER') return `DECIMAL${rest || '(38,0)'}`;
  const found = TYPES[base];
  if (found === undefined) throw unknownStatement(`type ${type}`);
  return found;
}

const TYPES: Readonly<Record<string, string>> = {
  VARCHAR: 'VARCHAR',
  FLOAT: 'DOUBLE',
  BOOLEAN: 'BOOLEAN',
  DATE: 'DATE',
  TIME: 'TIME',
  TIMESTAMP_NTZ: 'TIMESTAMP_NS',
  TIMESTAMP_LTZ: 'TIMESTAMPTZ',
  TIMESTAMP_TZ: 'TIMESTAMPTZ',
  BINARY: 'BLOB',
  VARIANT: 'JSON',
  OBJECT: 'JSON',
  ARRAY: 'JSON',
};

/** A name of a statement as DuckDB takes it. */
export function duckName(name: string): string {
  return nameParts(name)
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
