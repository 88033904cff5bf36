import { isSluiceError } from '../../shared/errors.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { type Column, quoteName, quoteText } from '../../shared/schema/columns.js';
import { guessTypes } from './guess.js';
import { type SchemaPlan, type TypeVote, planSchema, settleType } from './plan.js';
import { allColumns, type Refusal, type Source } from './sources.js';

/** Files whose values are looked at to guess the type of a text column. */
const SAMPLE_FILES = 12;

export interface SchemaRequest {
  readonly session: EngineSession;
  readonly schema?: readonly Column[];
  readonly evolution: 'strict' | 'widen';
  readonly signal?: AbortSignal;
}

/** The columns of the batch: the dataset's, widened by its files, or the files' own. Files that break them are refused. */
export async function resolveSchema(sources: readonly Source[], request: SchemaRequest): Promise<SchemaPlan> {
  const { schema, evolution } = request;
  const isFirst = schema === undefined;
  const names = newNames(sources, schema ?? []);
  const settled =
    evolution === 'strict' && !isFirst ? new Map<string, string>() : await settle(sources, names, request);
  const typed = sources.map((source) => withTypes(source, settled));
  const base = isFirst ? names.map((name) => ({ name, type: settled.get(name.toLowerCase()) ?? 'VARCHAR' })) : schema;
  const plan = planSchema(base, typed, isFirst ? 'widen' : evolution);
  const unnulled = await forgiveNulls(typed, plan.refusals, request);
  const final = unnulled === undefined ? plan : planSchema(base, unnulled, isFirst ? 'widen' : evolution);
  const tables = sources.filter(({ format }) => format === 'parquet').flatMap(({ columns }) => columns);
  const known = new Set(tables.map(({ name }) => name.toLowerCase()));
  if (final.columns.length === 0) return refuseBare(final);
  const guesses = new Set(names.map((name) => name.toLowerCase()).filter((name) => !known.has(name)));
  const columns = final.columns.map((column) => ({ ...column, isGuess: guesses.has(column.name.toLowerCase()) }));
  return { ...final, columns, changes: isFirst ? [] : final.changes };
}

/** Rows without any column at all (`{}` and nothing else) cannot be kept. */
function refuseBare(plan: SchemaPlan): SchemaPlan {
  const bare = plan.sources.filter(({ rows = 0 }) => rows > 0);
  const refusals = bare.map(({ object }): Refusal => {
    return { object, code: 'COLUMN_MISMATCH', reason: 'expected at least one column, got none' };
  });
  return {
    ...plan,
    sources: plan.sources.filter(({ rows = 0 }) => rows === 0),
    refusals: [...plan.refusals, ...refusals],
  };
}

/** Names that the schema lacks, in the order of their first coming. */
function newNames(sources: readonly Source[], schema: readonly Column[]): readonly string[] {
  const seen = new Set(schema.map(({ name }) => name.toLowerCase()));
  const names: string[] = [];
  for (const { name } of sources.flatMap(allColumns)) {
    if (seen.has(name.toLowerCase())) continue;
    seen.add(name.toLowerCase());
    names.push(name);
  }
  return names;
}

async function settle(
  sources: readonly Source[],
  names: readonly string[],
  { session, signal }: SchemaRequest,
): Promise<ReadonlyMap<string, string>> {
  const votes = new Map<string, TypeVote[]>(names.map((name) => [name.toLowerCase(), []]));
  for (const { name, type } of sources.flatMap(allColumns)) {
    if (type !== undefined) votes.get(name.toLowerCase())?.push({ type, isKnown: true });
  }
  const unknown = names.filter((name) => votes.get(name.toLowerCase())?.length === 0);
  const guessed = await guessTypes(sampleOf(sources, unknown), {
    session,
    names: unknown,
    whole: false,
    ...(signal === undefined ? {} : { signal }),
  });
  for (const types of guessed.values()) {
    for (const [name, type] of types) votes.get(name.toLowerCase())?.push({ type, isKnown: false });
  }
  return new Map([...votes].map(([name, ballot]) => [name, settleType(ballot)]));
}

/** Text files that have one of the columns, spread over the batch. */
function sampleOf(sources: readonly Source[], names: readonly string[]): readonly Source[] {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const having = sources.filter(
    ({ format, columns }) => format !== 'parquet' && columns.some(({ name }) => wanted.has(name.toLowerCase())),
  );
  const step = Math.max(1, having.length / SAMPLE_FILES);
  return having.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/** Text columns that no schema names yet get the type that was settled for them. */
function withTypes(source: Source, settled: ReadonlyMap<string, string>): Source {
  if (source.format === 'parquet') return source;
  const columns = source.columns.map(({ name }) => {
    const type = settled.get(name.toLowerCase());
    return type === undefined ? { name } : { name, type };
  });
  return { ...source, columns };
}

/** Parquet writers give a column without any value an arbitrary type: such columns break nothing. Undefined when there are none. */
async function forgiveNulls(
  sources: readonly Source[],
  refusals: readonly Refusal[],
  { session, signal }: SchemaRequest,
): Promise<readonly Source[] | undefined> {
  const refused = new Set(refusals.filter(({ code }) => code === 'TYPE_CHANGED').map(({ object }) => object));
  const suspects = sources.filter(({ object, format }) => refused.has(object) && format === 'parquet');
  const forgiven = new Map<string, Source>();
  for (const source of suspects) {
    const counts = source.columns.map(({ name }, index) => `count(${quoteName(name)}) AS n${index}`);
    const sql = `SELECT ${counts.join(', ')} FROM read_parquet(${quoteText(source.file)}, hive_partitioning = false)`;
    // a damaged file stays refused
    const rows = await session.query(sql, signal).catch((error: unknown) => {
      if (isSluiceError(error, 'ENGINE_QUERY')) return [];
      throw error;
    });
    const row = rows[0];
    if (row === undefined) continue;
    const columns = source.columns.map((column, index) =>
      Number(row?.[`n${index}`]) === 0 ? { ...column, type: 'NULL' } : column,
    );
    if (columns.some(({ type }) => type === 'NULL')) forgiven.set(source.object, { ...source, columns });
  }
  return forgiven.size === 0 ? undefined : sources.map((source) => forgiven.get(source.object) ?? source);
}
