import type { Column } from './columns.js';
import { type TypeField, type TypeTree, formatType, parseType } from './typeText.js';

/** A column as a file has it. Text files tell no type: their values are read as the dataset's type. */
export interface ObservedColumn {
  readonly name: string;
  readonly type?: string;
}

/** One step of a dataset's schema; `from` is absent for a new column. */
export interface ColumnChange {
  readonly column: string;
  readonly from?: string;
  readonly to: string;
}

export type SchemaAnswer =
  /** The file fits `columns`: the dataset's own, widened by `changes` (none: it fits as it is). */
  | { readonly kind: 'fits'; readonly columns: readonly Column[]; readonly changes: readonly ColumnChange[] }
  | {
      readonly kind: 'break';
      readonly code: 'TYPE_CHANGED' | 'COLUMN_MISMATCH';
      readonly column: string;
      readonly reason: string;
    };

/**
 * Compares a file's columns with the dataset's. `widen` allows what loses nothing: a wider integer, float or decimal, a
 * date that became a timestamp, a new nullable column, a column that is missing (NULL). `strict` allows nothing.
 */
export function mergeSchema(
  dataset: readonly Column[],
  observed: readonly ObservedColumn[],
  evolution: 'strict' | 'widen',
): SchemaAnswer {
  const byName = new Map(observed.map((column) => [column.name.toLowerCase(), column]));
  const known = new Set(dataset.map(({ name }) => name.toLowerCase()));
  const columns: Column[] = [];
  const changes: ColumnChange[] = [];
  for (const column of dataset) {
    const seen = byName.get(column.name.toLowerCase());
    if (seen === undefined && evolution === 'strict') return mismatch(column.name, 'the column', 'none');
    const isSame = seen?.type === undefined || seen.type === column.type;
    const type = isSame ? column.type : widenType(column.type, seen.type);
    if (type === undefined || (type !== column.type && evolution === 'strict')) {
      return typeChanged(column.name, column.type, seen?.type ?? '');
    }
    if (type !== column.type) changes.push({ column: column.name, from: column.type, to: type });
    columns.push({ name: column.name, type });
  }
  for (const { name, type = 'VARCHAR' } of observed) {
    if (known.has(name.toLowerCase())) continue;
    if (evolution === 'strict') return mismatch(name, 'no such column', `one of type ${type}`);
    columns.push({ name, type: settledType(type) });
    changes.push({ column: name, to: settledType(type) });
  }
  return { kind: 'fits', columns, changes };
}

/** The reason of a TYPE_CHANGED. */
export function typeChanged(column: string, from: string, to: string): SchemaAnswer & { kind: 'break' } {
  return { kind: 'break', code: 'TYPE_CHANGED', column, reason: `column ${column}: expected ${from}, got ${to}` };
}

function mismatch(column: string, expected: string, got: string): SchemaAnswer {
  return {
    kind: 'break',
    code: 'COLUMN_MISMATCH',
    column,
    reason: `column ${column}: expected ${expected}, got ${got}`,
  };
}

/** A column that holds nothing yet is text. */
function settledType(type: string): string {
  const settled = widenTree({ kind: 'plain', name: 'NULL' }, parseType(type));
  return settled === undefined || isNull(settled) ? 'VARCHAR' : type;
}

/** The dataset's type, widened so that it holds the observed type too; undefined when that would lose something. */
export function widenType(dataset: string, observed: string): string | undefined {
  const from = parseType(dataset);
  const widened = widenTree(from, parseType(observed));
  if (widened === undefined) return undefined;
  return formatType(widened) === formatType(from) ? dataset : formatType(widened);
}

const SIGNED = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'];
const UNSIGNED = ['UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT', 'UHUGEINT'];
const INTEGER_DIGITS: Readonly<Record<string, number>> = {
  TINYINT: 3,
  UTINYINT: 3,
  SMALLINT: 5,
  USMALLINT: 5,
  INTEGER: 10,
  UINTEGER: 10,
  BIGINT: 19,
  UBIGINT: 20,
};
/** Moments without a zone, from coarse to fine; a dataset's TIMESTAMP takes finer ones where they lose nothing (checked by value). */
const MOMENTS = ['DATE', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP'];

function widenTree(from: TypeTree, to: TypeTree): TypeTree | undefined {
  if (isNull(to)) return from;
  if (isNull(from)) return to;
  if (from.kind === 'plain' && to.kind === 'plain') return widenPlain(from.name, to.name);
  if (from.kind === 'decimal') return widenDecimal(from, to);
  if (from.kind === 'list' && to.kind === 'list') {
    const item = widenTree(from.item, to.item);
    return item === undefined ? undefined : { kind: 'list', item };
  }
  if (from.kind === 'map' && to.kind === 'map') {
    const value = widenTree(from.value, to.value);
    return value === undefined || formatType(from.key) !== formatType(to.key) ? undefined : { ...from, value };
  }
  if (from.kind === 'struct' && to.kind === 'struct') return widenStruct(from.fields, to.fields);
  return undefined;
}

function widenPlain(from: string, to: string): TypeTree | undefined {
  if (from === to) return { kind: 'plain', name: from };
  const name =
    joinLadder(MOMENTS, from, to) ??
    joinIntegers(from, to) ??
    joinLadder(['FLOAT', 'DOUBLE'], from, to) ??
    (isHeldBy(from, to) ? from : undefined);
  // Parquet has no such integer: it would become a DOUBLE. Signed and unsigned 64 bits together have 20 digits.
  if (name === 'HUGEINT' && from !== 'HUGEINT') return { kind: 'decimal', precision: 20, scale: 0 };
  return name === undefined ? undefined : { kind: 'plain', name };
}

/** What a column takes in without a change of its type; the cast checks each value. */
function isHeldBy(from: string, to: string): boolean {
  if (from === 'DOUBLE' || from === 'FLOAT') return to in INTEGER_DIGITS;
  if (from === 'TIMESTAMP' || from === 'TIMESTAMP_NS') return MOMENTS.includes(to) || to === 'TIMESTAMP_NS';
  if (from === 'VARCHAR') return to === 'JSON' || to.toUpperCase().startsWith('ENUM(');
  return from === 'JSON' && to === 'VARCHAR';
}

function joinLadder(ladder: readonly string[], from: string, to: string): string | undefined {
  const [a, b] = [ladder.indexOf(from), ladder.indexOf(to)];
  return a < 0 || b < 0 ? undefined : ladder[Math.max(a, b)];
}

function joinIntegers(from: string, to: string): string | undefined {
  const unsigned = joinLadder(UNSIGNED, from, to);
  if (unsigned !== undefined) return unsigned;
  const rank = (name: string) => (UNSIGNED.includes(name) ? UNSIGNED.indexOf(name) + 1 : SIGNED.indexOf(name));
  const [a, b] = [rank(from), rank(to)];
  return a < 0 || b < 0 ? undefined : SIGNED[Math.max(a, b)];
}

function widenDecimal(from: TypeTree & { kind: 'decimal' }, to: TypeTree): TypeTree | undefined {
  const digits = to.kind === 'plain' ? INTEGER_DIGITS[to.name] : undefined;
  const other = to.kind === 'decimal' ? to : digits === undefined ? undefined : { precision: digits, scale: 0 };
  if (other === undefined) return undefined;
  const scale = Math.max(from.scale, other.scale);
  const precision = Math.max(from.precision - from.scale, other.precision - other.scale) + scale;
  return precision > 38 ? undefined : { kind: 'decimal', precision, scale };
}

function widenStruct(from: readonly TypeField[], to: readonly TypeField[]): TypeTree | undefined {
  const fields: TypeField[] = [];
  for (const field of from) {
    const seen = to.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
    const type = seen === undefined ? field.type : widenTree(field.type, seen.type);
    if (type === undefined) return undefined;
    fields.push({ name: field.name, type });
  }
  const known = new Set(from.map(({ name }) => name.toLowerCase()));
  return { kind: 'struct', fields: [...fields, ...to.filter(({ name }) => !known.has(name.toLowerCase()))] };
}

function isNull(type: TypeTree): boolean {
  return type.kind === 'plain' && type.name === 'NULL';
}
