import type { EngineRow } from '../engine/port.js';
import { isSluiceError } from '../errors.js';
import { textOf } from '../findings/values.js';
import { quoteText } from '../schema/columns.js';
import type { CheckRequest } from './checkSource.js';
import {
  conditionOf,
  functionsSql,
  type ParsedExpression,
  parseQuerySql,
  parseSql,
  readExpression,
  readQuery,
} from './expression.js';
import type { Measure } from './plan.js';

type Speaking = Pick<CheckRequest, 'session' | 'signal'>;
type Asking = Speaking & Pick<CheckRequest, 'source' | 'columns' | 'references'>;

/** Why something cannot be evaluated. */
export interface Fault {
  readonly kind: 'fault';
  readonly reason: string;
}

/** A measure as it can be evaluated over the source: expressions and references become rules, or tell why they are none. */
export async function settleMeasure(request: Asking, measure: Measure): Promise<Measure> {
  if (measure.kind === 'expression') return confine(request, measure.sql);
  if (measure.kind !== 'reference') return measure;
  const { columns, to } = measure;
  if (request.references === undefined)
    return { kind: 'fault', reason: `expected rows of ${to.dataset} to compare with, got none` };
  const rule = await request.references.missing(columns, to);
  return rule.kind === 'fault' ? rule : { ...rule, shown: columns.map(({ name }) => name) };
}

/** What an expression is made of, or why it is no condition over one row; whether its columns are there, only rows can tell. */
export async function parseCondition(
  { session, signal }: Speaking,
  expression: string,
  columns: Asking['columns'],
): Promise<Fault | Extract<ParsedExpression, { kind: 'expression' }>> {
  if (/;|--|\/\*|\$\$/.test(expression.replace(/'(''|[^'])*'|"(""|[^"])*"/g, ''))) {
    return { kind: 'fault', reason: 'expected one condition, got ";" or a comment' };
  }
  const [tree] = await session.query(parseSql(expression), signal);
  const parsed = readExpression((tree && textOf(tree, 'tree')) ?? '{}', columns);
  if (parsed.kind === 'refused') return { kind: 'fault', reason: parsed.reason };
  if (parsed.functions.length > 0) {
    const known = (await session.query(functionsSql(parsed.functions), signal)).map((row) => textOf(row, 'name'));
    const strange = parsed.functions.filter((name) => !known.includes(name));
    if (strange.length > 0) {
      return {
        kind: 'fault',
        reason: `expected functions of one row's values, got ${strange.map((name) => `${name}()`).join(', ')}`,
      };
    }
  }
  return parsed;
}

/** An expression as a rule over one row, or why it is none. */
async function confine(request: Asking, expression: string): Promise<Measure> {
  const { session, source, columns, signal } = request;
  const parsed = await parseCondition(request, expression, columns);
  if (parsed.kind === 'fault') return parsed;
  const bound = await attempt(request, () =>
    session.query(`DESCRIBE SELECT (${expression}) AS ok FROM ${source} AS _s`, signal),
  );
  if (bound.kind === 'fault') return bound;
  const type = String(bound.rows[0]?.['column_type']);
  if (type !== 'BOOLEAN') return { kind: 'fault', reason: `expected a condition (BOOLEAN), got ${type}` };
  return { kind: 'rule', fails: `NOT ${conditionOf(expression)}`, shown: parsed.columns.map(({ name }) => name) };
}

/** Why a query is none that a check may ask; undefined when it is. Nothing of it runs. */
export async function findQueryFault({ session, signal }: Speaking, query: string): Promise<Fault | undefined> {
  const [tree] = await session.query(parseQuerySql(query), signal);
  const reason = readQuery((tree && textOf(tree, 'tree')) ?? '{}');
  return reason === undefined ? undefined : { kind: 'fault', reason };
}

/** What is wrong with a rule's pattern, tried without any row: the engine's words quote the pattern alone. */
export async function findPatternFault(
  { session, signal }: Speaking,
  { pattern }: { readonly pattern?: string },
): Promise<Fault | undefined> {
  if (pattern === undefined) return undefined;
  try {
    await session.query(`SELECT regexp_matches('', ${quoteText(pattern)})`, signal);
    return undefined;
  } catch (error) {
    if (signal?.aborted === true || !isSluiceError(error, 'ENGINE_QUERY')) throw error;
    const [, why = 'it is none'] = /Invalid Input Error: ([^\n]*)/.exec(error.message) ?? [];
    return {
      kind: 'fault',
      reason: `expected a pattern that RE2 reads, got one with this fault: ${why.slice(0, 200)}`,
    };
  }
}

/** What came of asking. */
export type Attempt = { readonly kind: 'rows'; readonly rows: readonly EngineRow[] } | Fault;

/** Rows, or why the engine refused the statement. Errors while reading rows are named by their kind alone: their texts quote values. */
export async function attempt({ signal }: Speaking, query: () => Promise<readonly EngineRow[]>): Promise<Attempt> {
  try {
    return { kind: 'rows', rows: await query() };
  } catch (error) {
    if (signal?.aborted === true || !isSluiceError(error, 'ENGINE_QUERY')) throw error;
    const [named] = /(Binder|Parser|Catalog) Error:[^\n]*/.exec(error.message) ?? [];
    const [kind = 'Error'] = /\w+( \w+)* Error/.exec(error.message) ?? [];
    return { kind: 'fault', reason: `it cannot be evaluated: ${named ?? `${kind} (a value or literal does not fit)`}` };
  }
}
