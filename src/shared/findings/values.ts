import { assertNever } from '../errors.js';
import type { EngineRow, EngineValue } from '../engine/port.js';
import type { TypeKind } from '../schema/typeKind.js';
import type { Scalar } from './reports.js';

/** A count or average of a row as a number; undefined for NULL and what is no number. */
export function numberOf(row: EngineRow, name: string): number | undefined {
  const value = row[name];
  return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : undefined;
}

/** A count of a row; 0 for NULL. */
export function countOf(row: EngineRow, name: string): number {
  return numberOf(row, name) ?? 0;
}

/** A text of a row; undefined for NULL and what is no text. */
export function textOf(row: EngineRow, name: string): string | undefined {
  const value = row[name];
  return typeof value === 'string' ? value : undefined;
}

/** A list of a row; empty for NULL. */
export function listOf(row: EngineRow, name: string): readonly EngineValue[] {
  const value = row[name];
  return isList(value) ? value : [];
}

/** A STRUCT as a row; empty for anything else. */
export function structOf(value: EngineValue | undefined): EngineRow {
  return value !== null && typeof value === 'object' && !isList(value) && !(value instanceof Uint8Array) ? value : {};
}

/** The engine's text of a value as JSON can hold it without loss. */
export function scalarOf(kind: TypeKind, text: string): Scalar {
  switch (kind) {
    case 'integer':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'decimal':
      return text.replace(/^-?0*\.?0*|\./g, '').length <= 15 ? Number(text) : text;
    case 'float':
      return floatOf(text);
    case 'boolean':
      return text === 'true';
    case 'text':
    case 'uuid':
    case 'date':
    case 'timestamp':
    case 'time':
    case 'interval':
    case 'blob':
    case 'bit':
    case 'list':
    case 'map':
    case 'struct':
    case 'other':
      return text;
    default:
      return assertNever(kind);
  }
}

/** A number for JSON: infinities and NaN become their names. */
export function finiteOrName(value: number): Scalar {
  return Number.isFinite(value) ? value : String(value);
}

function floatOf(text: string): Scalar {
  const named: Readonly<Record<string, string>> = { inf: 'Infinity', '-inf': '-Infinity', nan: 'NaN', '-nan': 'NaN' };
  return named[text] ?? Number(text);
}

function isList(value: EngineValue | undefined): value is readonly EngineValue[] {
  return Array.isArray(value);
}
