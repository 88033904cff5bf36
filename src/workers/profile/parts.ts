import { quoteName, quoteText } from '../../shared/schema/columns.js';
import { formatType, parseType, type TypeTree } from '../../shared/schema/typeText.js';

/** One step into a nested value: into a field of a struct (the first: of the row), or to each element of a list, key or value of a map. */
export type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'elements' | 'keys' | 'values' };

/** Something within a nested column. */
export interface Part {
  readonly steps: readonly Step[];
  /** As `items[].price`, `attributes{key}` and `attributes{value}`. */
  readonly name: string;
  readonly type: string;
}

/** All that is within a nested column, each before its own parts. */
export function partsOf(column: string, type: string): readonly Part[] {
  return innerParts({ steps: [{ kind: 'field', name: column }], name: column }, parseType(type));
}

function innerParts({ steps, name }: Omit<Part, 'type'>, tree: TypeTree): readonly Part[] {
  const part = (step: Step, suffix: string, type: TypeTree): readonly Part[] => {
    const inner = { steps: [...steps, step], name: name + suffix };
    return [{ ...inner, type: formatType(type) }, ...innerParts(inner, type)];
  };
  switch (tree.kind) {
    case 'struct':
      return tree.fields.flatMap(({ name: field, type }) => part({ kind: 'field', name: field }, `.${field}`, type));
    case 'list':
      return part({ kind: 'elements' }, '[]', tree.item);
    case 'map':
      return [...part({ kind: 'keys' }, '{key}', tree.key), ...part({ kind: 'values' }, '{value}', tree.value)];
    default:
      return [];
  }
}

/** The names that lead to a part, as people read them: fields by their names, else `[]`, `{key}` and `{value}`. */
export function pathOf(steps: readonly Step[]): readonly string[] {
  const signs = { elements: '[]', keys: '{key}', values: '{value}' };
  return steps.map((step) => (step.kind === 'field' ? step.name : signs[step.kind]));
}

/** What may stand after FROM, as `_s`: a row of the source, or one for each element that a part is among. */
export function rowsSql(source: string, steps: readonly Step[]): string {
  const last = steps.findLastIndex(({ kind }) => kind !== 'field');
  if (last < 0) return source;
  const before = steps.slice(0, last);
  return `(SELECT ${unnested(steps[last]?.kind, valueSql(before))} AS e FROM ${rowsSql(source, before)} AS _s)`;
}

/** A part's value within a row of `rowsSql`. */
export function valueSql(steps: readonly Step[]): string {
  const last = steps.findLastIndex(({ kind }) => kind !== 'field');
  const [first = '', ...fields] = steps.slice(last + 1).flatMap((step) => (step.kind === 'field' ? [step.name] : []));
  const extract = (names: readonly string[], from: string) =>
    names.reduce((value, name) => `struct_extract(${value}, ${quoteText(name)})`, from);
  if (last < 0) return extract(fields, `_s.${quoteName(first)}`);
  return extract(first === '' ? fields : [first, ...fields], '_s.e');
}

function unnested(kind: Step['kind'] | undefined, value: string): string {
  if (kind === 'keys') return `unnest(map_keys(${value}))`;
  return kind === 'values' ? `unnest(map_values(${value}))` : `unnest(${value})`;
}

/** Whether a part has rows of its own: one for each element of a list or map. */
export function isElement({ steps }: Pick<Part, 'steps'>): boolean {
  return steps.some(({ kind }) => kind !== 'field');
}
