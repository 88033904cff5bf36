import type { ColumnCheck, TableCheck } from '../config/checks.js';
import type { EngineSession } from '../engine/port.js';
import type { PlacedCheck } from '../config/soundChecks.js';
import { attempt, type Fault, findPatternFault, findQueryFault, parseCondition } from './settleMeasure.js';

/** A part of a check that no rows are needed for to say that it cannot be evaluated. */
export interface CheckFault {
  /** As in `datasets.orders.columns.amount.checks[0].pattern`. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

interface Engine {
  readonly session: EngineSession;
  readonly signal?: AbortSignal;
}

/**
 * Asks the engine about every pattern, type, condition and query of these checks, and tells all that it refuses. Nothing of them is run over
 * rows: whether columns are there, and values fit, a batch tells.
 */
export async function findCheckFaults(engine: Engine, placed: readonly PlacedCheck[]): Promise<readonly CheckFault[]> {
  const faults: CheckFault[] = [];
  for (const { path, check } of placed) {
    for (const { at, find } of questionsOf(engine, check)) {
      const fault = await find();
      if (fault !== undefined) faults.push({ path: `${path}.${at}`, ...wordsOf(fault) });
    }
  }
  return faults;
}

/** True where the engine has nothing to say about a check. */
export function isPlain(check: ColumnCheck | TableCheck): boolean {
  return partsOf(check).length === 0;
}

type Part = 'pattern' | 'type' | 'condition' | 'query';

/** What the engine has to understand of a check, and where it stands in it. */
function partsOf(check: ColumnCheck | TableCheck): readonly { part: Part; at: string; text: string }[] {
  if (typeof check === 'string') return [];
  const { expr, arguments: given } = check;
  const { pattern, castable }: { pattern?: string | undefined; castable?: string | undefined } =
    'required' in check || 'pattern' in check || 'castable' in check ? check : {};
  const { query, schema }: Pick<TableCheck, 'query' | 'schema'> = 'query' in check || 'schema' in check ? check : {};
  const types = Object.entries(schema?.columns ?? {}).filter(([, type]) => type.toLowerCase() !== 'any');
  const one = (part: Part, at: string, text: string | undefined) => (text === undefined ? [] : [{ part, at, text }]);
  return [
    ...one('pattern', 'pattern', pattern),
    ...one('pattern', 'arguments.pattern', given?.pattern),
    ...one('type', 'castable', castable),
    ...types.flatMap(([name, type]) => one('type', `schema.columns.${name}`, type)),
    ...one('condition', 'expr', expr),
    ...one('query', 'query', query),
  ];
}

function questionsOf(
  engine: Engine,
  check: ColumnCheck | TableCheck,
): readonly { readonly at: string; readonly find: () => Promise<Fault | undefined> }[] {
  const find = (part: Part, text: string) => {
    if (part === 'pattern') return findPatternFault(engine, { pattern: text });
    if (part === 'type') return findTypeFault(engine, text);
    return part === 'query' ? findQueryFault(engine, text) : findConditionFault(engine, text);
  };
  return partsOf(check).map(({ part, at, text }) => ({ at, find: () => find(part, text) }));
}

/** `type` is a name, perhaps with numbers in brackets: the schema of the configuration takes no other. */
async function findTypeFault(engine: Engine, type: string): Promise<Fault | undefined> {
  const answer = await attempt(engine, () => engine.session.query(`SELECT TRY_CAST(NULL AS ${type})`, engine.signal));
  return answer.kind === 'rows' ? undefined : { kind: 'fault', reason: `expected a type of the engine, got ${type}` };
}

async function findConditionFault(engine: Engine, expression: string): Promise<Fault | undefined> {
  const answer = await parseCondition(engine, expression, []);
  return answer.kind === 'fault' ? answer : undefined;
}

function wordsOf({ reason }: Fault): { readonly expected: string; readonly got: string } {
  const [, expected, got] = /^expected (.*?), got (.*)$/s.exec(reason) ?? [];
  return expected === undefined || got === undefined
    ? { expected: 'something that the engine can evaluate', got: reason }
    : { expected, got };
}
