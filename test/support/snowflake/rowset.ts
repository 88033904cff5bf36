import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
} from '@duckdb/node-api';
import type { DuckDBResultReader, DuckDBValue } from '@duckdb/node-api';

/** A column as the server describes it. */
export interface RowType {
  readonly name: string;
  readonly type: string;
  readonly scale: number | null;
  readonly precision: number | null;
  readonly nullable: boolean;
  readonly length: number | null;
  readonly byteLength: null;
  readonly database: '';
  readonly schema: '';
  readonly table: '';
}

export interface Rowset {
  readonly rowtype: readonly RowType[];
  readonly rowset: readonly (readonly (string | null)[])[];
  /** 0x1000 a query, 0x3100 to 0x3400 INSERT, UPDATE, DELETE, MERGE. */
  readonly statementTypeId?: number;
}

export function rowType(name: string, type: string, scale: number | null = null): RowType {
  const fixed = type === 'fixed';
  const facts = { nullable: true, length: null, byteLength: null, database: '', schema: '', table: '' } as const;
  return { name, type, scale: fixed ? (scale ?? 0) : scale, precision: fixed ? 38 : null, ...facts };
}

/** An answer of texts. */
export function textRowset(names: readonly string[], rows: readonly (readonly (string | null)[])[]): Rowset {
  return { rowtype: names.map((name) => rowType(name, 'text')), rowset: rows };
}

/** An answer of counts, as DML gives it. */
export function countRowset(counts: Readonly<Record<string, number>>, statementTypeId: number): Rowset {
  return {
    rowtype: Object.keys(counts).map((name) => rowType(name, 'fixed')),
    rowset: [Object.values(counts).map(String)],
    statementTypeId,
  };
}

/** DuckDB's rows in the shape of Snowflake's JSON rowsets. `nameOf` spells a column as Snowflake would. */
export function readerRowset(reader: DuckDBResultReader, nameOf: (name: string) => string): Rowset {
  const types = reader.columnTypes();
  const rowtype = reader.columnNames().map((name, index) => {
    const [type, scale] = wireType(String(types[index]), types[index]?.alias);
    return rowType(nameOf(name), type, scale);
  });
  return { rowtype, rowset: reader.getRows().map((row) => row.map(wireValue)) };
}

function wireType(duck: string, alias: string | undefined): [string, number | null] {
  if (alias === 'JSON') return ['variant', null];
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(duck);
  if (decimal !== null) return ['fixed', Number(decimal[2])];
  const found = Object.entries(WIRE).find(([head]) => duck === head);
  if (found === undefined) throw new Error(`the stand-in has no wire type for ${duck}`);
  return [found[1], found[1] === 'fixed' ? 0 : found[1].startsWith('time') ? 9 : null];
}

const WIRE: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  TINYINT: 'fixed',
  SMALLINT: 'fixed',
  INTEGER: 'fixed',
  BIGINT: 'fixed',
  UBIGINT: 'fixed',
  HUGEINT: 'fixed',
  FLOAT: 'real',
  DOUBLE: 'real',
  VARCHAR: 'text',
  BLOB: 'binary',
  DATE: 'date',
  TIME: 'time',
  TIMESTAMP: 'timestamp_ntz',
  TIMESTAMP_NS: 'timestamp_ntz',
  'TIMESTAMP WITH TIME ZONE': 'timestamp_ltz',
};

function wireValue(value: DuckDBValue): string | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'string') return value;
  if (value instanceof DuckDBDecimalValue) return value.toString();
  if (value instanceof DuckDBDateValue) return String(value.days);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return seconds(value.micros, 6);
  if (value instanceof DuckDBTimestampNanosecondsValue) return seconds(value.nanos, 9);
  if (value instanceof DuckDBTimeValue) return seconds(value.micros, 6);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex').toUpperCase();
  return String(value);
}

/** Decimal seconds, as a signed number. */
function seconds(ticks: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const size = ticks < 0n ? -ticks : ticks;
  return `${ticks < 0n ? '-' : ''}${size / unit}.${String(size % unit)
    .padStart(digits, '0')
    .padEnd(9, '0')}`;
}
