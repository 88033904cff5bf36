/** Each field begins with its length, or -1 for NULL. */
export const LENGTH_BYTES = 4;
/** Groups of digits, weight, sign, scale. */
const NUMERIC_HEADER_BYTES = 8;

/** How a DuckDB type becomes a field of COPY BINARY: of fixed width, or bytes of any length. */
export type FieldKind = FixedField | { readonly kind: 'bytes'; readonly of: BytesType };
export type FixedField =
  | { readonly kind: 'fixed'; readonly shape: FixedShape }
  | { readonly kind: 'numeric'; readonly numeric: NumericShape };
/** JSON becomes jsonb: a version byte, then the text. */
export type BytesType = 'VARCHAR' | 'JSON' | 'BLOB';

/** A value of fixed width: bytes in DuckDB's vector, bytes in the field. */
export type FixedShape = keyof typeof FIXED_WIDTHS;

/** Bytes of a value in DuckDB's vector and in Postgres's field. */
export const FIXED_WIDTHS = {
  bool: { source: 1, field: 1 },
  int16: { source: 2, field: 2 },
  word32: { source: 4, field: 4 },
  word64: { source: 8, field: 8 },
  uuid: { source: 16, field: 16 },
  date: { source: 4, field: 4 },
  timestamp: { source: 8, field: 8 },
  timetz: { source: 8, field: 12 },
  interval: { source: 16, field: 16 },
} as const;

/** A number as base-10000 digits: https://www.postgresql.org/docs/current/datatype-numeric.html, src/backend/utils/adt/numeric.c. */
export interface NumericShape {
  /** Bytes of the integer in DuckDB's vector. */
  readonly source: 2 | 4 | 8 | 16;
  readonly signed: boolean;
  /** Decimal digits after the point. */
  readonly scale: number;
  /** Groups of four digits before and after the point. */
  readonly before: number;
  readonly after: number;
}

const FIXED: Readonly<Record<string, FixedShape>> = {
  BOOLEAN: 'bool',
  SMALLINT: 'int16',
  INTEGER: 'word32',
  FLOAT: 'word32',
  BIGINT: 'word64',
  DOUBLE: 'word64',
  // Both count microseconds since midnight.
  TIME: 'word64',
  UUID: 'uuid',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
  'TIME WITH TIME ZONE': 'timetz',
  INTERVAL: 'interval',
};

/** The field of a DuckDB type; undefined when COPY BINARY does not cover it. */
export function fieldKind(type: string): FieldKind | undefined {
  const shape = FIXED[type];
  if (shape !== undefined) return { kind: 'fixed', shape };
  if (type === 'VARCHAR' || type === 'JSON' || type === 'BLOB') return { kind: 'bytes', of: type };
  if (type === 'HUGEINT' || type === 'UHUGEINT')
    return numeric({ precision: 39, scale: 0, signed: type === 'HUGEINT' });
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal === null) return undefined;
  return numeric({ precision: Number(decimal[1]), scale: Number(decimal[2]), signed: true });
}

/** True when COPY BINARY covers all these DuckDB types; else `postgres-text` is the encoding. */
export function binaryCovers(types: readonly string[]): boolean {
  return types.every((type) => fieldKind(type) !== undefined);
}

function numeric(number: { precision: number; scale: number; signed: boolean }): FieldKind {
  const { precision, scale, signed } = number;
  // https://duckdb.org/docs/stable/sql/data_types/numeric: the width of the integer behind a DECIMAL.
  const source = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
  const before = Math.max(1, Math.ceil((precision - scale) / 4));
  return { kind: 'numeric', numeric: { source, signed, scale, before, after: Math.ceil(scale / 4) } };
}

/** Bytes of one value: in DuckDB's vector, and in the field without its length. */
export function widths(field: FixedField): { readonly source: number; readonly field: number } {
  if (field.kind === 'fixed') return FIXED_WIDTHS[field.shape];
  const { source, before, after } = field.numeric;
  return { source, field: NUMERIC_HEADER_BYTES + 2 * (before + after) };
}

/** A part of each row: one column of fixed width, or neighbouring columns of bytes that DuckDB joins into one value. */
export type Part =
  | { readonly kind: 'column'; readonly field: FixedField; readonly vector: number }
  | { readonly kind: 'joined'; readonly vector: number; readonly lengths: readonly number[] };

/** The SELECT that an encoder runs, and which of its columns (vectors) make up each part of a row. */
export interface BinaryLayout {
  readonly sql: string;
  readonly parts: readonly Part[];
  readonly columns: number;
}

/** DuckDB keeps values of up to 12 bytes elsewhere: with this many more, no joined value is one of them. */
export const JOINED_MARGIN = 9;

interface BytesColumn {
  readonly name: string;
  readonly of: BytesType;
}

/**
 * Lays a row out. Fixed-width columns come as they are. Of neighbouring columns of bytes DuckDB makes one value with four bytes
 * of room before each column's bytes, and gives the length of each (NULL for a NULL): JavaScript then moves one piece of memory a
 * row instead of reading each string.
 */
export function layOutBinary(sql: string, types: readonly string[]): BinaryLayout {
  const selected: string[] = [];
  const select = (expression: string) => selected.push(expression) - 1;
  const parts: Part[] = [];
  let group: BytesColumn[] = [];
  const closeGroup = () => {
    if (group.length === 0) return;
    parts.push({ kind: 'joined', vector: select(joinedSql(group)), lengths: group.map(lengthSql).map(select) });
    group = [];
  };
  types.forEach((type, index) => {
    const field = fieldKind(type);
    if (field === undefined) throw new TypeError(`expected a type that COPY BINARY covers, got ${type}`);
    if (field.kind === 'bytes') {
      group.push({ name: columnName(index), of: field.of });
      return;
    }
    closeGroup();
    parts.push({ kind: 'column', field, vector: select(columnName(index)) });
  });
  closeGroup();
  const names = types.map((_, index) => columnName(index)).join(', ');
  return { sql: `SELECT ${selected.join(', ')} FROM (${sql}) AS t(${names})`, parts, columns: types.length };
}

function columnName(index: number): string {
  return `c${index}`;
}

/** concat leaves NULL out, so that nothing but the room for the length is there. */
function joinedSql(group: readonly BytesColumn[]): string {
  const pieces = group.map(({ name, of }, index) => {
    const room = `'${'x'.repeat(index === 0 ? JOINED_MARGIN + LENGTH_BYTES : LENGTH_BYTES)}'`;
    return { room, value: of === 'JSON' ? `chr(1) || ${name}::VARCHAR` : name, blob: of === 'BLOB' };
  });
  if (pieces.every(({ blob }) => !blob)) {
    return `concat(${pieces.map(({ room, value }) => `${room}, ${value}`).join(', ')})`;
  }
  return pieces
    .map(({ room, value, blob }) =>
      blob ? `encode(${room}) || coalesce(${value}, ''::BLOB)` : `encode(concat(${room}, ${value}))`,
    )
    .join(' || ');
}

function lengthSql({ name, of }: BytesColumn): string {
  if (of === 'BLOB') return `octet_length(${name})::INTEGER`;
  return of === 'JSON' ? `strlen(${name}::VARCHAR)::INTEGER + 1::INTEGER` : `strlen(${name})::INTEGER`;
}
