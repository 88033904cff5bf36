import { FORMATS, type FormatName } from '../findings/reports.js';
import { quoteName, quoteText } from '../schema/columns.js';
import { typeKind } from '../schema/typeKind.js';
import type { Column } from '../schema/columns.js';
import type { TypeKind } from '../schema/typeKind.js';

/** An SQL condition over one row of `_s`: true for a failing row, NULL for a row that is not judged. Or why there is none. */
export type Rule =
  | { readonly kind: 'rule'; readonly fails: string }
  | { readonly kind: 'fault'; readonly reason: string };
export type Literal = string | number | boolean;

const NUMBERS: readonly TypeKind[] = ['integer', 'decimal', 'float'];
const LENGTHS: Partial<Record<TypeKind, string>> = {
  text: 'length',
  blob: 'octet_length',
  bit: 'length',
  list: 'len',
  map: 'cardinality',
};

/** A column of the source within a rule. */
export function ref({ name }: { readonly name: string }): string {
  return `_s.${quoteName(name)}`;
}

/** Fails for NULL; the one rule that judges NULL. */
export function nullRule(column: Column): string {
  return `${ref(column)} IS NULL`;
}

/** Fails for each of the values that stand for a missing one. */
export function missingRule(column: Column, values: readonly (Literal | null)[]): string {
  const texts = values.flatMap((value) => (value === null ? [] : [quoteText(String(value))]));
  const conditions = [
    ...(values.includes(null) ? [nullRule(column)] : []),
    ...(texts.length > 0 ? [`coalesce(${ref(column)}::VARCHAR IN (${texts.join(', ')}), false)`] : []),
  ];
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}

/** Fails for values that are none of these. A literal that the column's type cannot hold equals nothing. */
export function membershipRule(column: Column, values: readonly Literal[]): string {
  const text = typeKind(column.type) === 'text';
  const value = text ? `${ref(column)}::VARCHAR` : ref(column);
  const literals = values.map((literal) =>
    text
      ? quoteText(String(literal))
      : typeof literal === 'number'
        ? String(literal)
        : `TRY_CAST(${quoteText(String(literal))} AS ${column.type})`,
  );
  return `CASE WHEN ${ref(column)} IS NOT NULL THEN NOT coalesce(${value} IN (${literals.join(', ')}), false) END`;
}

/** Fails for texts in which the pattern (RE2) is not found; anchor it to match all of the text. */
export function patternRule(column: Column, pattern: string): string {
  return `NOT regexp_matches(${ref(column)}::VARCHAR, ${quoteText(pattern)})`;
}

/** Fails for texts that are not wholly in this form. */
export function formatRule(column: Column, format: FormatName): string {
  return `NOT regexp_full_match(${ref(column)}::VARCHAR, ${quoteText(FORMATS[format])})`;
}

/** Fails for values that the engine cannot read as this type. */
export function castRule(column: Column, type: string): string {
  return `CASE WHEN ${ref(column)} IS NOT NULL THEN TRY_CAST(${ref(column)}::VARCHAR AS ${type}) IS NULL END`;
}

/** Fails outside the ends, which belong to the range. NaN is outside every range. */
export function rangeRule(
  column: Column,
  { min, max }: { min?: string | number | undefined; max?: string | number | undefined },
): Rule {
  const kind = typeKind(column.type);
  const ends = [
    { sign: '>=', end: min },
    { sign: '<=', end: max },
  ];
  const conditions: string[] = [];
  for (const { sign, end } of ends) {
    if (end === undefined) continue;
    const number = typeof end === 'number' || /^-?\d+(\.\d+)?$/.test(end);
    if (NUMBERS.includes(kind) ? !number : typeof end === 'number') {
      return { kind: 'fault', reason: `expected a range for ${column.type}, got ${JSON.stringify(end)}` };
    }
    const literal = NUMBERS.includes(kind)
      ? String(end)
      : kind === 'text'
        ? quoteText(String(end))
        : `CAST(${quoteText(String(end))} AS ${column.type})`;
    conditions.push(`${kind === 'text' ? `${ref(column)}::VARCHAR` : ref(column)} ${sign} ${literal}`);
  }
  const outside = `NOT (${conditions.join(' AND ')})`;
  return { kind: 'rule', fails: kind === 'float' ? `(isnan(${ref(column)}) OR ${outside})` : outside };
}

/** Fails for values shorter or longer: characters of text, bytes of a blob, elements of a list or map. */
export function lengthRule(column: Column, { min, max }: { min?: number | undefined; max?: number | undefined }): Rule {
  const kind = typeKind(column.type);
  const measure = LENGTHS[kind];
  if (measure === undefined)
    return { kind: 'fault', reason: `expected a column that has a length, got ${column.type}` };
  const length = `${measure}(${ref(column)}${kind === 'text' ? '::VARCHAR' : ''})`;
  const conditions = [
    ...(min === undefined ? [] : [`${length} >= ${min}`]),
    ...(max === undefined ? [] : [`${length} <= ${max}`]),
  ];
  return { kind: 'rule', fails: `NOT (${conditions.join(' AND ')})` };
}
