import { quoteText } from '../schema/columns.js';
import type { Column } from '../schema/columns.js';

/** What the parser may find in an expression: conditions over one row. No subquery, window, parameter or star is among them. */
const CLASSES: ReadonlySet<string> = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'LAMBDA',
  'LAMBDA_REF',
  'OPERATOR',
]);
/** Functions that look at the engine instead of the row. */
const NOSY = /^(current_setting|getenv|getvariable|which_secret|in_search_path|pg_.*|json_(de)?serialize.*)$/;

/** What an expression is made of, or why it is refused. */
export type ParsedExpression =
  | { readonly kind: 'expression'; readonly functions: readonly string[]; readonly columns: readonly Column[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** The expression as it is evaluated: closed in, so that it stays one value wherever it stands. */
export function conditionOf(expression: string): string {
  return `CAST((${expression}) AS BOOLEAN)`;
}

/** One row, field `tree`: the engine's own parse of the expression as JSON. The expression is a literal here: nothing of it runs. */
export function parseSql(expression: string): string {
  return `SELECT json_serialize_sql(${quoteText(`SELECT ${conditionOf(expression)} AS ok`)}) AS tree`;
}

/** Rows with field `name`: those of the functions that neither are aggregates, nor read files, nor answer differently each time. */
export function functionsSql(names: readonly string[]): string {
  return `SELECT DISTINCT function_name AS name FROM duckdb_functions()
WHERE function_type IN ('scalar', 'macro') AND coalesce(stability, '') <> 'VOLATILE' AND function_name IN (${names.map(quoteText).join(', ')})`;
}

/** Reads the parse: exactly one condition over the row, of allowed parts. */
export function readExpression(tree: string, columns: readonly Column[]): ParsedExpression {
  const root: unknown = JSON.parse(tree);
  const fault = fieldOf(root, 'error_message');
  if (typeof fault === 'string') return refused(fault);
  const statements = itemsOf(fieldOf(root, 'statements'));
  const node = fieldOf(statements[0], 'node');
  const [item, ...more] = itemsOf(fieldOf(node, 'select_list'));
  const plain =
    statements.length === 1 &&
    more.length === 0 &&
    fieldOf(node, 'type') === 'SELECT_NODE' &&
    fieldOf(fieldOf(node, 'from_table'), 'type') === 'EMPTY' &&
    ['where_clause', 'having', 'sample', 'qualify'].every((clause) => fieldOf(node, clause) === null) &&
    itemsOf(fieldOf(node, 'group_expressions')).length === 0 &&
    itemsOf(fieldOf(node, 'modifiers')).length === 0 &&
    fieldOf(item, 'class') === 'CAST' &&
    fieldOf(item, 'alias') === 'ok';
  if (!plain) return refused('expected one condition, got more than one expression');
  const found = { functions: new Set<string>(), names: new Set<string>(), refused: new Set<string>() };
  walk(item, found);
  for (const name of found.functions) if (NOSY.test(name)) found.refused.add(`${name}()`);
  if (found.refused.size > 0) return refused(`expected a condition over one row, got ${[...found.refused].join(', ')}`);
  return {
    kind: 'expression',
    functions: [...found.functions],
    columns: columns.filter((column) => found.names.has(column.name.toLowerCase())),
  };
}

interface Found {
  readonly functions: Set<string>;
  readonly names: Set<string>;
  readonly refused: Set<string>;
}

function walk(tree: unknown, found: Found): void {
  if (Array.isArray(tree)) for (const item of tree) walk(item, found);
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return;
  const part = fieldOf(tree, 'class');
  if (typeof part === 'string' && !CLASSES.has(part)) found.refused.add(part.toLowerCase().replaceAll('_', ' '));
  if (part === 'FUNCTION') found.functions.add(String(fieldOf(tree, 'function_name')).toLowerCase());
  if (part === 'COLUMN_REF') {
    const [name] = itemsOf(fieldOf(tree, 'column_names'));
    if (typeof name === 'string') found.names.add(name.toLowerCase());
  }
  if (part === 'CONSTANT') return;
  for (const inner of Object.values(tree)) walk(inner, found);
}

function refused(reason: string): ParsedExpression {
  return { kind: 'refused', reason };
}

function fieldOf(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
