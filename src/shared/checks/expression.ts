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

/** One row, field `tree`: the engine's own parse of a query as JSON. The query is a literal here: nothing of it runs. */
export function parseQuerySql(query: string): string {
  return `SELECT json_serialize_sql(${quoteText(query)}) AS tree`;
}

/** Why a query is refused: it must be one SELECT over `input` and its own parts. Undefined when it is. */
export function readQuery(tree: string): string | undefined {
  const root: unknown = JSON.parse(tree);
  const fault = fieldOf(root, 'error_message');
  if (typeof fault === 'string')
    return fault.startsWith('Only SELECT')
      ? 'expected one SELECT, got another statement'
      : `expected one SELECT, got a ${fault}`;
  if (itemsOf(fieldOf(root, 'statements')).length !== 1) return 'expected one SELECT, got several statements';
  const tables = new Set<string>(['input']);
  const named: string[] = [];
  const refusedParts = new Set<string>();
  walkQuery(root, { tables, named, refused: refusedParts });
  const strange = named.filter((name) => !tables.has(name.toLowerCase()));
  if (strange.length > 0) return `expected a SELECT over input, got ${[...new Set(strange)].join(', ')}`;
  if (refusedParts.size > 0) return `expected a SELECT over input, got ${[...refusedParts].join(', ')}`;
  return undefined;
}

interface QueryParts {
  /** Names that may be read: input, and what WITH names. */
  readonly tables: Set<string>;
  readonly named: string[];
  readonly refused: Set<string>;
}

function walkQuery(tree: unknown, parts: QueryParts): void {
  if (Array.isArray(tree)) for (const item of tree) walkQuery(item, parts);
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return;
  const type = fieldOf(tree, 'type');
  if (type === 'BASE_TABLE') parts.named.push(String(fieldOf(tree, 'table_name')));
  if (type === 'TABLE_FUNCTION') parts.refused.add('a table function');
  if (fieldOf(tree, 'class') === 'PARAMETER') parts.refused.add('a parameter');
  if (fieldOf(tree, 'class') === 'FUNCTION') {
    const name = String(fieldOf(tree, 'function_name')).toLowerCase();
    if (NOSY.test(name)) parts.refused.add(`${name}()`);
  }
  for (const entry of itemsOf(fieldOf(fieldOf(tree, 'cte_map'), 'map'))) {
    const name = fieldOf(entry, 'key');
    if (typeof name === 'string') parts.tables.add(name.toLowerCase());
  }
  for (const inner of Object.values(tree)) walkQuery(inner, parts);
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
  if (typeof fault === 'string') return refused(`expected one condition, got a ${fault}`);
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
