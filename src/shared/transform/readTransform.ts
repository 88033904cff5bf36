import { z } from 'zod';
import type { EngineSession } from '../engine/port.js';
import { quoteText } from '../schema/columns.js';
import { type FunctionEntry, refuseFunction } from './functions.js';
import { type Forbidden, walkStatement } from './walk.js';

/** A fault of a transform, with its place. */
export interface TransformFault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly got: string;
}

export type TransformAnswer =
  /** `sql` selects from a table `input` that has the provenance columns too, and passes them on last. */
  | { readonly kind: 'transform'; readonly sql: string }
  | { readonly kind: 'faults'; readonly faults: readonly TransformFault[] };

const parsedSchema = z.object({
  error: z.boolean(),
  error_message: z.string().optional(),
  position: z.coerce.number().optional(),
  statements: z.array(z.unknown()).optional(),
});

/**
 * Parses a dataset's transform with the engine's own parser and lets only projections and WHERE over `input` through, whose functions
 * always give the same answer for the same values. Errors: those of the engine.
 */
export async function readTransform(
  session: EngineSession,
  text: string,
  signal?: AbortSignal,
): Promise<TransformAnswer> {
  const [row] = await session.query(`SELECT json_serialize_sql(${quoteText(text)})::VARCHAR AS tree`, signal);
  const tree = String(row?.tree);
  const parsed = parsedSchema.parse(JSON.parse(tree));
  if (parsed.error) {
    const { error_message: got = 'none', position: at } = parsed;
    return {
      kind: 'faults',
      faults: [place(text, { expected: 'one SELECT', got, ...(at === undefined ? {} : { at }) })],
    };
  }
  const { statements = [] } = parsed;
  if (statements.length !== 1) {
    return {
      kind: 'faults',
      faults: [place(text, { expected: 'one SELECT', got: `${statements.length} statements` })],
    };
  }
  const { forbidden, calls } = walkStatement(statements[0]);
  const known = await readFunctions(
    session,
    calls.map(({ name }) => name),
    signal,
  );
  const refused = calls.flatMap(({ name, at }): readonly Forbidden[] => {
    const why = refuseFunction(name, known.get(name));
    if (why === undefined) return [];
    const fault = { expected: 'functions that depend on their arguments alone', got: `${name}: ${why}` };
    return [at === undefined ? fault : { ...fault, at }];
  });
  const faults = [...forbidden, ...refused].map((fault) => place(text, fault));
  if (faults.length > 0) return { kind: 'faults', faults };
  const [answer] = await session.query(
    `SELECT json_deserialize_sql(${quoteText(withProvenance(tree))}::JSON) AS sql`,
    signal,
  );
  return { kind: 'transform', sql: String(answer?.sql) };
}

/** For people: where, expected what, got what. */
export function describeTransformFault({ line, column, expected, got }: TransformFault): string {
  return `line ${line}, column ${column}: expected ${expected}, got ${got}`;
}

async function readFunctions(
  session: EngineSession,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, FunctionEntry>> {
  if (names.length === 0) return new Map();
  const rows = await session.query(
    `SELECT function_name AS name, string_agg(DISTINCT function_type, ',') AS kinds, string_agg(DISTINCT coalesce(stability, ''), ',') AS stabilities
     FROM duckdb_functions() WHERE internal AND function_name IN (${names.map(quoteText).join(', ')}) GROUP BY ALL`,
    signal,
  );
  return new Map(
    rows.map(({ name, kinds, stabilities }) => [
      String(name),
      { name: String(name), kinds: String(kinds).split(','), stabilities: String(stabilities).split(',') },
    ]),
  );
}

/**
 * The tree with the provenance columns at the end of its list, and left out of its stars. As text: its numbers are wider than JavaScript's.
 * Texts inside it have their quotes escaped, so these patterns meet its own keys only.
 */
function withProvenance(tree: string): string {
  const column = (name: string) =>
    `{"class":"COLUMN_REF","type":"COLUMN_REF","alias":"","query_location":0,"column_names":["${name}"]}`;
  return tree
    .replaceAll('"exclude_list":[]', '"exclude_list":["_sluice_object","_sluice_row"]')
    .replaceAll('"exclude_list":["_sluice_object","_sluice_row"]', '"exclude_list": ["_sluice_object","_sluice_row"]')
    .replaceAll('"exclude_list":[', '"exclude_list": ["_sluice_object","_sluice_row",')
    .replace('],"from_table":', `,${column('_sluice_object')},${column('_sluice_row')}],"from_table":`);
}

/** Lines and columns from 1, in characters. */
function place(text: string, { at = 0, expected, got }: Forbidden): TransformFault {
  const before = Buffer.from(text).subarray(0, at).toString('utf8').split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1, expected, got };
}
