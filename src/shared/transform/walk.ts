type Json = Readonly<Record<string, unknown>>;

/** Something in a statement that a transform may not have. */
export interface Forbidden {
  /** Byte of the statement, from 0; undefined where the engine does not tell. */
  readonly at?: number;
  readonly expected: string;
  readonly got: string;
}

/** A function that is called. */
export interface Call {
  readonly name: string;
  readonly at?: number;
}

/** What a statement is made of. */
export interface Walked {
  readonly forbidden: readonly Forbidden[];
  readonly calls: readonly Call[];
}

const ONE_SELECT = 'one SELECT over input: expressions and WHERE';
const NAMES: Readonly<Record<string, string>> = {
  SUBQUERY: 'a subquery',
  WINDOW: 'a window function',
  PARAMETER: 'a parameter',
  POSITIONAL_REFERENCE: 'a positional reference',
};

/** Looks through the engine's tree of one statement for what is no projection or WHERE over `input`. Only what is known is let through. Pure. */
export function walkStatement(statement: unknown): Walked {
  const found: Walked & { forbidden: Forbidden[]; calls: Call[] } = { forbidden: [], calls: [] };
  const node = jsonOf(jsonOf(statement)['node']);
  if (node['type'] !== 'SELECT_NODE')
    return refuse(found, undefined, ONE_SELECT, 'a set operation or another statement');
  for (const [part, name] of PARTS) if (!isNothing(node[part])) refuse(found, undefined, ONE_SELECT, name);
  if (node['aggregate_handling'] !== 'STANDARD_HANDLING') refuse(found, undefined, ONE_SELECT, 'GROUP BY');
  walkFrom(jsonOf(node['from_table']), found);
  for (const expression of listOf(node['select_list'])) walkSelected(expression, found);
  if (node['where_clause'] !== null) walk(node['where_clause'], undefined, found);
  return found;
}

const PARTS = [
  ['cte_map', 'WITH'],
  ['modifiers', 'DISTINCT, ORDER BY or LIMIT'],
  ['group_expressions', 'GROUP BY'],
  ['group_sets', 'GROUP BY'],
  ['having', 'HAVING'],
  ['qualify', 'QUALIFY'],
  ['sample', 'a sample'],
] as const;

type Found = Walked & { forbidden: Forbidden[]; calls: Call[] };

function walkFrom(table: Json, found: Found): void {
  const at = placeOf(table);
  const isInput =
    table['type'] === 'BASE_TABLE' &&
    String(table['table_name']).toLowerCase() === 'input' &&
    ['schema_name', 'catalog_name', 'alias'].every((part) => table[part] === '') &&
    ['sample', 'at_clause', 'column_name_alias'].every((part) => isNothing(table[part]));
  if (isInput) return;
  const got =
    table['type'] === 'BASE_TABLE'
      ? `table ${String(table['table_name'])}`
      : (FROMS[String(table['type'])] ?? 'another source');
  refuse(found, at, 'FROM input and nothing else', got);
}

const FROMS: Readonly<Record<string, string>> = {
  EMPTY: 'no FROM',
  JOIN: 'a join',
  SUBQUERY: 'a subquery',
  TABLE_FUNCTION: 'a table function',
};

/** A star stands in the list of the SELECT only. */
function walkSelected(expression: unknown, found: Found): void {
  const star = jsonOf(expression);
  if (star['class'] !== 'STAR') return walk(star, undefined, found);
  const at = placeOf(star);
  const relation = String(star['relation_name']).toLowerCase();
  if (star['columns'] === true || !isNothing(star['expr'])) refuse(found, at, '* or input.*', 'COLUMNS');
  if (relation !== '' && relation !== 'input') refuse(found, at, '* or input.*', `${relation}.*`);
  for (const name of listOf(star['exclude_list'])) checkName(String(name), at, found);
  for (const entry of listOf(star['replace_list'])) walk(jsonOf(entry)['value'], at, found);
}

function walk(expression: unknown, outer: number | undefined, found: Found): void {
  const node = jsonOf(expression);
  const at = placeOf(node) ?? outer;
  const children = childrenOf(node);
  if (children === undefined) {
    const kind = String(node['class']);
    refuse(found, at, ONE_SELECT, NAMES[kind] ?? kind.toLowerCase());
    return;
  }
  if (node['class'] === 'FUNCTION') walkCall(node, at, found);
  if (node['class'] === 'COLUMN_REF')
    for (const name of listOf(node['column_names'])) checkName(String(name), at, found);
  for (const child of children) if (child !== null) walk(child, at, found);
}

/** The expressions inside one; undefined: a transform may not have it. */
function childrenOf(node: Json): readonly unknown[] | undefined {
  switch (node['class']) {
    case 'COLUMN_REF':
    case 'CONSTANT':
      return [];
    case 'CAST':
    case 'COLLATE':
      return [node['child']];
    case 'COMPARISON':
      return [node['left'], node['right']];
    case 'BETWEEN':
      return [node['input'], node['lower'], node['upper']];
    case 'CASE':
      return [
        ...listOf(node['case_checks']).flatMap((check) => [jsonOf(check)['when_expr'], jsonOf(check)['then_expr']]),
        node['else_expr'],
      ];
    case 'LAMBDA':
      return [node['expr']];
    case 'CONJUNCTION':
    case 'OPERATOR':
    case 'FUNCTION':
      return listOf(node['children']);
    default:
      return undefined;
  }
}

function walkCall(node: Json, at: number | undefined, found: Found): void {
  const name = String(node['function_name']).toLowerCase();
  const isPlain =
    ['', 'main'].includes(String(node['schema'])) &&
    node['catalog'] === '' &&
    node['distinct'] === false &&
    isNothing(node['filter']) &&
    isNothing(jsonOf(node['order_bys'])['orders']);
  if (!isPlain) refuse(found, at, 'a plain call', `${name} with a schema, FILTER, DISTINCT or ORDER BY`);
  found.calls.push(at === undefined ? { name } : { name, at });
}

function checkName(name: string, at: number | undefined, found: Found): void {
  if (/^_sluice_/i.test(name)) refuse(found, at, "no column of Sluice's own", name);
}

function refuse(found: Found, at: number | undefined, expected: string, got: string): Found {
  found.forbidden.push(at === undefined ? { expected, got } : { at, expected, got });
  return found;
}

/** The engine writes 2^64 - 1 where it knows none. */
function placeOf(node: Json): number | undefined {
  const at = node['query_location'];
  return typeof at === 'number' && Number.isSafeInteger(at) ? at : undefined;
}

function isNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && 'map' in value && isNothing(value.map);
}

function jsonOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
