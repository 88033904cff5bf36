import { typeHead } from '../postgres/types.js';

/** How a DuckDB type lives in Snowflake. */
interface Mapping {
  /** Type of a column that Sluice creates. */
  readonly creates: string;
  /** Digits before the decimal point, for whole numbers. */
  readonly digits?: number;
  /** Type of the staging column where it is not that of the target. */
  readonly stages?: string;
}

const INTEGER = (digits: number): Mapping => ({ creates: 'NUMBER(38,0)', digits });
const TEXT: Mapping = { creates: 'VARCHAR' };
/** Nine digits of a second: nothing is rounded. */
const TIMESTAMP: Mapping = { creates: 'TIMESTAMP_NTZ(9)' };

/**
 * DuckDB type -> Snowflake type; what is not here is refused by name. Whole numbers and decimals take 38 digits, since Snowflake stores
 * each value as short as it is. TIMESTAMP has no zone: TIMESTAMP_NTZ. TIMESTAMP WITH TIME ZONE is an instant without an offset of its
 * own: TIMESTAMP_LTZ. JSON travels as text and is parsed on its way into the table.
 */
const TYPE_MAP: Readonly<Record<string, Mapping>> = {
  BOOLEAN: { creates: 'BOOLEAN' },
  TINYINT: INTEGER(3),
  UTINYINT: INTEGER(3),
  SMALLINT: INTEGER(5),
  USMALLINT: INTEGER(5),
  INTEGER: INTEGER(10),
  UINTEGER: INTEGER(10),
  BIGINT: INTEGER(19),
  UBIGINT: INTEGER(20),
  DECIMAL: { creates: 'NUMBER' },
  FLOAT: { creates: 'FLOAT' },
  DOUBLE: { creates: 'FLOAT' },
  VARCHAR: TEXT,
  ENUM: TEXT,
  UUID: { creates: 'VARCHAR(36)', stages: 'VARCHAR' },
  BLOB: { creates: 'BINARY' },
  DATE: { creates: 'DATE' },
  TIME: { creates: 'TIME(9)' },
  TIMESTAMP,
  TIMESTAMP_S: TIMESTAMP,
  TIMESTAMP_MS: TIMESTAMP,
  TIMESTAMP_NS: TIMESTAMP,
  'TIMESTAMP WITH TIME ZONE': { creates: 'TIMESTAMP_LTZ(9)' },
  JSON: { creates: 'VARIANT', stages: 'VARCHAR' },
  LIST: { creates: 'ARRAY' },
  STRUCT: { creates: 'OBJECT' },
  MAP: { creates: 'VARIANT' },
  UNION: { creates: 'VARIANT' },
  VARIANT: { creates: 'VARIANT' },
  // A column that holds nothing yet.
  NULL: TEXT,
};

/** DuckDB types that have a place in Snowflake. */
export const MAPPED_TYPES: readonly string[] = Object.keys(TYPE_MAP);

/** The Snowflake type of a new column; undefined when nothing holds every value. */
export function createdType(duckType: string): string | undefined {
  const head = typeHead(duckType);
  return head === 'DECIMAL' ? `NUMBER(38,${decimalOf(duckType).scale})` : TYPE_MAP[head]?.creates;
}

/** The type of the staging column that COPY casts into. */
export function stagingType(duckType: string): string | undefined {
  return TYPE_MAP[typeHead(duckType)]?.stages ?? createdType(duckType);
}

/** The value of a staging column (SQL) as the table takes it. */
export function tableValue(duckType: string, value: string): string {
  const head = typeHead(duckType);
  if (head === 'JSON') return `PARSE_JSON(${value})`;
  return head === 'UUID' ? uuidText(value) : value;
}

/** A value of the table (SQL) as something that can be compared: what is nested, by its JSON. */
export function comparedValue(duckType: string, value: string): string {
  return /^(VARIANT|ARRAY|OBJECT)/.test(createdType(duckType) ?? '') ? `TO_JSON(${value})` : value;
}

/**
 * A UUID as lower-case text with hyphens (SQL), whichever way Snowflake shows the 16 bytes that Parquet holds: as hexadecimal digits, or
 * as a UUID already.
 */
export function uuidText(value: string): string {
  const digits = `LOWER(REPLACE(${value}, '-', ''))`;
  const part = (from: number, length: number) => `SUBSTR(${digits}, ${from}, ${length})`;
  return [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(` || '-' || `);
}

/** True when an existing column of this type (as DESCRIBE TABLE writes it) holds every value unchanged, or refuses it loudly. */
export function fitsInto(duckType: string, snowflakeType: string): boolean {
  const head = typeHead(duckType);
  const { base, first, second } = parseType(snowflakeType);
  if (head === 'NULL') return true;
  if (base === 'NUMBER') return numberHolds(first ?? 38, second ?? 0, duckType);
  const created = createdType(duckType);
  if (created === undefined) return false;
  const wanted = parseType(created).base;
  // A coarser clock would round in silence; a text or binary that is too short is refused by Snowflake itself.
  if (base.startsWith('TIME')) return (first ?? 9) >= digitsOfSecond(head) && clockHolds(wanted, base);
  if (base === 'FLOAT') return wanted === 'FLOAT' || (TYPE_MAP[head]?.digits ?? Infinity) <= 10;
  return base === wanted || (base === 'VARIANT' && (wanted === 'ARRAY' || wanted === 'OBJECT'));
}

/** True when ALTER COLUMN SET DATA TYPE may make the one of the other: Snowflake only lengthens numbers of the same scale. */
export function widens(from: string, to: string): boolean {
  const [a, b] = [parseType(from), parseType(to)];
  return a.base === 'NUMBER' && b.base === 'NUMBER' && a.second === b.second && (a.first ?? 38) < (b.first ?? 38);
}

interface ParsedType {
  readonly base: string;
  readonly first: number | undefined;
  readonly second: number | undefined;
}

function parseType(type: string): ParsedType {
  const match = /^(\w+)(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(type.trim());
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return { base: match?.[1] ?? type, first: number(match?.[2]), second: number(match?.[3]) };
}

function decimalOf(duckType: string): { readonly precision: number; readonly scale: number } {
  const match = /\((\d+),\s*(\d+)\)/.exec(duckType);
  return { precision: Number(match?.[1] ?? 18), scale: Number(match?.[2] ?? 3) };
}

function numberHolds(precision: number, scale: number, duckType: string): boolean {
  const head = typeHead(duckType);
  if (head === 'DECIMAL') {
    const decimal = decimalOf(duckType);
    return scale >= decimal.scale && precision - scale >= decimal.precision - decimal.scale;
  }
  const digits = TYPE_MAP[head]?.digits;
  return digits !== undefined && precision - scale >= digits;
}

function digitsOfSecond(head: string): number {
  if (head === 'TIMESTAMP_NS') return 9;
  return head === 'DATE' || head === 'TIMESTAMP_S' ? 0 : head === 'TIMESTAMP_MS' ? 3 : 6;
}

/** An instant may stand with or without an offset; a date is the midnight that begins it. */
function clockHolds(wanted: string, base: string): boolean {
  if (wanted === 'DATE') return base === 'TIMESTAMP_NTZ';
  return base === wanted || (wanted === 'TIMESTAMP_LTZ' && base === 'TIMESTAMP_TZ');
}
