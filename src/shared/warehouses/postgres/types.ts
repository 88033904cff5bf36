/** A type of DuckDB as the map below knows it: its head without parameters. */
interface Mapping {
  /** The Postgres type of a column that Sluice creates. */
  readonly creates: string;
  /** Types of an existing column that hold every value unchanged, besides `creates` and wide enough numerics. */
  readonly fits: readonly string[];
  /** Digits before the decimal point, for numerics. */
  readonly digits?: number;
}

const ANY_TEXT = ['character varying', 'citext'];
const SMALL: Mapping = {
  creates: 'smallint',
  fits: ['integer', 'bigint', 'real', 'double precision'],
  digits: 5,
};
const INT: Mapping = { creates: 'integer', fits: ['bigint', 'double precision'], digits: 10 };
const BIG: Mapping = { creates: 'bigint', fits: [], digits: 19 };
const TIMESTAMP: Mapping = { creates: 'timestamp without time zone', fits: [] };
const NESTED: Mapping = { creates: 'jsonb', fits: ['json'] };

/** DuckDB type -> Postgres type. What is not here is refused by name. */
export const TYPE_MAP: Readonly<Record<string, Mapping>> = {
  BOOLEAN: { creates: 'boolean', fits: [] },
  TINYINT: SMALL,
  UTINYINT: SMALL,
  SMALLINT: SMALL,
  USMALLINT: INT,
  INTEGER: INT,
  UINTEGER: BIG,
  BIGINT: BIG,
  UBIGINT: { creates: 'numeric(20,0)', fits: [], digits: 20 },
  HUGEINT: { creates: 'numeric(39,0)', fits: [], digits: 39 },
  UHUGEINT: { creates: 'numeric(39,0)', fits: [], digits: 39 },
  BIGNUM: { creates: 'numeric', fits: [], digits: Infinity },
  FLOAT: { creates: 'real', fits: ['double precision'] },
  DOUBLE: { creates: 'double precision', fits: [] },
  DECIMAL: { creates: 'numeric', fits: [] },
  VARCHAR: { creates: 'text', fits: ANY_TEXT },
  ENUM: { creates: 'text', fits: ANY_TEXT },
  UUID: { creates: 'uuid', fits: ['text', ...ANY_TEXT] },
  BLOB: { creates: 'bytea', fits: [] },
  BIT: { creates: 'bit varying', fits: [] },
  DATE: { creates: 'date', fits: ['timestamp without time zone'] },
  TIME: { creates: 'time without time zone', fits: [] },
  'TIME WITH TIME ZONE': { creates: 'time with time zone', fits: [] },
  TIMESTAMP,
  TIMESTAMP_S: TIMESTAMP,
  TIMESTAMP_MS: TIMESTAMP,
  // Postgres counts microseconds: the values are checked before they are sent.
  TIMESTAMP_NS: TIMESTAMP,
  'TIMESTAMP WITH TIME ZONE': { creates: 'timestamp with time zone', fits: [] },
  INTERVAL: { creates: 'interval', fits: [] },
  JSON: { creates: 'jsonb', fits: ['json', 'text'] },
  LIST: NESTED,
  STRUCT: NESTED,
  MAP: NESTED,
  UNION: NESTED,
  VARIANT: NESTED,
  // A column that holds nothing yet.
  NULL: { creates: 'text', fits: [] },
};

/** The key of a DuckDB type in the map: `DECIMAL(10,2)` -> DECIMAL, `INTEGER[3]` -> LIST. */
export function typeHead(type: string): string {
  const text = type.trim();
  if (text.endsWith(']')) return 'LIST';
  return text.replaceAll('"', '').split('(')[0]?.trim().toUpperCase() ?? '';
}

/** The Postgres type of a new column, as `format_type` writes it; undefined when nothing holds every value. */
export function createdType(duckType: string): string | undefined {
  const head = typeHead(duckType);
  if (head !== 'DECIMAL') return TYPE_MAP[head]?.creates;
  const { precision, scale } = decimalOf(duckType);
  return `numeric(${precision},${scale})`;
}

/** True when an existing column of this Postgres type holds every value of the DuckDB type unchanged, or refuses it loudly. */
export function fitsInto(duckType: string, postgresType: string): boolean {
  const head = typeHead(duckType);
  const mapping = TYPE_MAP[head];
  if (mapping === undefined) return false;
  if (head === 'NULL' || postgresType === createdType(duckType)) return true;
  if (mapping.fits.includes(baseOf(postgresType))) return true;
  if (head === 'DECIMAL') return decimalFits(decimalOf(duckType), postgresType);
  return mapping.digits !== undefined && numericHolds(postgresType, mapping.digits, 0);
}

const LONGER: Readonly<Record<string, readonly string[]>> = {
  smallint: ['integer', 'bigint', 'real', 'double precision'],
  integer: ['bigint', 'double precision'],
  real: ['double precision'],
  date: ['timestamp without time zone'],
};
const INTEGER_DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

/** True when ALTER COLUMN ... TYPE keeps every value that the column can hold. */
export function widens(from: string, to: string): boolean {
  if (LONGER[from]?.includes(to)) return true;
  const digits = INTEGER_DIGITS[from];
  if (digits !== undefined) return numericHolds(to, digits, 0);
  const numeric = numericOf(from);
  return numeric !== undefined && numericHolds(to, numeric.precision - numeric.scale, numeric.scale);
}

/** True when a widening leaves the stored bytes as they are: it holds its lock for a moment, and no row is written anew. */
export function keepsBytes(from: string, to: string): boolean {
  const numeric = numericOf(from);
  return numeric !== undefined && (to === 'numeric' || numericOf(to)?.scale === numeric.scale);
}

/** The DuckDB type that a column's values are cast to on their way, so that their bytes are those of the Postgres column. */
export function wireType(duckType: string, postgresType: string): string {
  const head = typeHead(duckType);
  if (head === 'NULL') return 'VARCHAR';
  const simple = WIRE[baseOf(postgresType)];
  if (simple !== undefined) return simple;
  const numeric = numericOf(postgresType);
  if (numeric !== undefined && numeric.precision <= MAX_DECIMAL)
    return `DECIMAL(${numeric.precision},${numeric.scale})`;
  const digits = TYPE_MAP[head]?.digits;
  return digits !== undefined && digits <= MAX_DECIMAL ? `DECIMAL(${digits},0)` : duckType;
}

/** DuckDB's widest DECIMAL. */
const MAX_DECIMAL = 38;

const WIRE: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  real: 'FLOAT',
  'double precision': 'DOUBLE',
  text: 'VARCHAR',
  'character varying': 'VARCHAR',
  citext: 'VARCHAR',
  uuid: 'UUID',
  bytea: 'BLOB',
  'bit varying': 'BIT',
  date: 'DATE',
  'time without time zone': 'TIME',
  'time with time zone': 'TIME WITH TIME ZONE',
  'timestamp without time zone': 'TIMESTAMP',
  'timestamp with time zone': 'TIMESTAMP WITH TIME ZONE',
  interval: 'INTERVAL',
  jsonb: 'JSON',
  // JSON is jsonb on the wire; json is its text.
  json: 'VARCHAR',
};

interface Numeric {
  readonly precision: number;
  readonly scale: number;
}

function decimalOf(duckType: string): Numeric {
  const match = /\((\d+),\s*(\d+)\)/.exec(duckType);
  return { precision: Number(match?.[1] ?? 18), scale: Number(match?.[2] ?? 3) };
}

function decimalFits({ precision, scale }: Numeric, postgresType: string): boolean {
  const digits = precision - scale;
  const room = INTEGER_DIGITS[postgresType];
  if (room !== undefined) return scale === 0 && digits < room;
  return numericHolds(postgresType, digits, scale);
}

/** numeric without parameters holds anything. */
function numericHolds(postgresType: string, digits: number, scale: number): boolean {
  if (postgresType === 'numeric') return true;
  const numeric = numericOf(postgresType);
  return numeric !== undefined && numeric.scale >= scale && numeric.precision - numeric.scale >= digits;
}

function numericOf(postgresType: string): Numeric | undefined {
  const match = /^numeric\((\d+),(\d+)\)$/.exec(postgresType);
  return match === null ? undefined : { precision: Number(match[1]), scale: Number(match[2]) };
}

/** Without the length: a value too long for `character varying(10)` is refused by Postgres itself. */
function baseOf(postgresType: string): string {
  return postgresType.startsWith('character varying') ? 'character varying' : postgresType;
}
