import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import { quoteText } from '../../shared/schema/columns.js';
import { countedSql } from './columnSql.js';
import { isTree } from './nestedCasts.js';
import { planReads, type Read } from './plan.js';
import type { Source, TargetColumn } from './sources.js';
import { readerSql } from './sql.js';
import type { WrittenArtifact } from './write.js';

interface CompareRequest {
  readonly session: EngineSession;
  readonly sources: readonly Source[];
  readonly artifacts: readonly WrittenArtifact[];
  readonly columns: readonly TargetColumn[];
  readonly signal?: AbortSignal;
}

/** NULLs by column, lower case. */
type Nulls = ReadonlyMap<string, number>;

/**
 * Compares how many NULLs each column of the sources and of the artifacts has; nested ones are left out. Parquet tells it in its footers, and
 * is counted where they do not, or tell otherwise than the artifacts; text whose bytes did not tell is counted by one more reading without casts.
 * Errors: COUNT_MISMATCH, naming the column.
 */
export async function compareNulls(request: CompareRequest): Promise<undefined> {
  const { artifacts } = request;
  const columns = request.columns.filter(({ type }) => !isTree(type) && type !== 'JSON');
  if (artifacts.length === 0 || columns.length === 0) return undefined;
  const work = { ...request, columns };
  const written = await footerNulls(
    artifacts.map(({ path }) => path),
    work,
  );
  const rows = artifacts.reduce((sum, one) => sum + one.rows, 0);
  const wrong = async (isCounted: boolean) => {
    const read = await sourceNulls(work, isCounted);
    return columns.find(({ name }) => {
      const key = name.toLowerCase();
      const got = written.sums.get(key);
      return got !== undefined && got !== read.get(key);
    });
  };
  // A footer may tell a false number: then the values themselves are counted.
  if ((await wrong(false)) === undefined) return undefined;
  const column = await wrong(true);
  if (column === undefined) return undefined;
  throw new SluiceError(
    'COUNT_MISMATCH',
    `expected as many NULLs of column ${column.name} in the artifacts as in the objects, got ${written.sums.get(column.name.toLowerCase())} in ${rows} rows`,
    { facts: { column: column.name, got: written.sums.get(column.name.toLowerCase()) ?? 0 } },
  );
}

async function sourceNulls(work: CompareRequest, isCounted: boolean): Promise<Nulls> {
  const { sources, columns } = work;
  const tables = sources.filter(({ format }) => format === 'parquet');
  const asked = isCounted ? [] : tables.filter((source) => glanced(source) === undefined);
  const told = await footerNulls(
    asked.map(({ file }) => file),
    work,
  );
  const footerOf = (source: Source) => glanced(source) ?? told.files.get(source.file);
  const sums = new Map<string, number>(columns.map(({ name }) => [name.toLowerCase(), 0]));
  const add = (name: string, nulls: number) => sums.set(name, (sums.get(name) ?? 0) + nulls);
  const others: Source[] = [];
  for (const source of sources) {
    const own = isCounted ? undefined : (textNulls(source, columns) ?? footerOf(source));
    if (own === undefined) others.push(source);
    else for (const key of sums.keys()) add(key, own.get(key) ?? partitionNulls(source, key));
  }
  for (const read of planReads(others, 1)) for (const [key, nulls] of await countRead(read, work)) add(key, nulls);
  return sums;
}

/** What the footer told when it was glanced at; rows that were taken out of the file since are still in it. */
function glanced({ footer, aside }: Source): Nulls | undefined {
  return aside === undefined ? footer?.nulls : undefined;
}

/** What the bytes of a text told, for the types that its columns have in the artifacts. */
function textNulls({ nulls, columns: own }: Source, columns: readonly TargetColumn[]): Nulls | undefined {
  if (nulls === undefined) return undefined;
  const typeOf = new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
  return new Map(
    own.map(({ name }, index) => {
      const key = name.toLowerCase();
      const empty = typeOf.get(key) === 'VARCHAR' ? 0 : (nulls.empty[index] ?? 0);
      return [key, (nulls.none[index] ?? 0) + empty];
    }),
  );
}

/** The NULLs of a column that the file itself lacks. */
function partitionNulls({ partition = [], rows = 0 }: Source, key: string): number {
  const value = partition.find(({ name }) => name.toLowerCase() === key)?.value;
  return value === undefined || value === null ? rows : 0;
}

async function countRead(read: Read, { session, columns, signal }: CompareRequest): Promise<Nulls> {
  const counts = columns.map((column, index) => `count(*) - count(${countedSql(read, column)}) AS n${index}`);
  const [row] = await session.query(`SELECT ${counts.join(', ')} FROM ${readerSql(read, columns)}`, signal);
  return new Map(columns.map(({ name }, index) => [name.toLowerCase(), Number(row?.[`n${index}`] ?? 0)]));
}

interface FooterNulls {
  /** Of the files that tell the NULLs of each of their columns. */
  readonly files: ReadonlyMap<string, Nulls>;
  /** Of all these files together, by the columns that each of them has. */
  readonly sums: Nulls;
}

async function footerNulls(files: readonly string[], { session, signal }: CompareRequest): Promise<FooterNulls> {
  if (files.length === 0) return { files: new Map(), sums: new Map() };
  const list = `[${files.map(quoteText).join(', ')}]`;
  const rows = await session.query(
    `SELECT file_name AS file, list(name) AS names, list(CASE WHEN known THEN nulls END) AS nulls, bool_and(known) AS known FROM (
       SELECT file_name, path_in_schema AS name, sum(stats_null_count)::BIGINT AS nulls, count(*) = count(stats_null_count) AS known
       FROM parquet_metadata(${list}) GROUP BY ALL) GROUP BY ALL`,
    signal,
  );
  const sums = new Map<string, number>();
  const told = new Map<string, Nulls>();
  for (const { file, names, nulls, known } of rows) {
    if (!Array.isArray(names) || !Array.isArray(nulls)) continue;
    const pairs = names.map((name, index) => [String(name).toLowerCase(), nulls[index] ?? null] as const);
    const own = new Map(pairs.flatMap(([name, count]) => (count === null ? [] : [[name, Number(count)] as const])));
    if (known === true) told.set(String(file), own);
    for (const [name, count] of own) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return { files: told, sums };
}
