import type { EngineSession, EngineValue } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import { quoteText } from '../../shared/schema/columns.js';
import type { ObservedColumn } from '../../shared/schema/merge.js';
import { refuseWrappedMoments } from './checkMoments.js';
import { refuseFalsePages } from './checkPages.js';
import { bisect, type Sifted } from './bisect.js';
import { planReads } from './plan.js';
import { findDuplicate } from './read.js';
import { refuseColumns, refuseNoObjects } from './refuseRows.js';
import type { Refusal, Source } from './sources.js';
import { readerSql } from './sql.js';

interface ObserveOptions {
  readonly session: EngineSession;
  readonly signal?: AbortSignal;
}

/** Adds what the files themselves tell: columns and rows of Parquet, keys and rows of NDJSON, rows of CSV not yet counted. */
export async function observeSources(sources: readonly Source[], options: ObserveOptions): Promise<Sifted<Source>> {
  const of = (format: Source['format']) => sources.filter((source) => source.format === format && !isTold(source));
  const isTold = ({ format, rows, nulls }: Source) =>
    format === 'csv' ? rows !== undefined : format === 'ndjson' && nulls !== undefined;
  const sifted = [
    await bisect(of('parquet'), (some) => observeParquet(some, options)),
    await observeKeys(of('ndjson'), options),
    await observeKeys(of('json'), options),
    await countCsv(of('csv'), options),
  ];
  const counted = sources.filter(isTold);
  const seen = new Map(
    [...counted, ...sifted.flatMap(({ answers }) => answers)].map((source) => [source.object, source]),
  );
  const faulty = [
    ...[...seen.values()].flatMap(refuseColumns),
    ...(await refuseNoObjects([...seen.values()], options)),
    ...(await refuseFalsePages([...seen.values()], options)),
    ...(await refuseWrappedMoments([...seen.values()], options)),
  ];
  const refused = new Set(faulty.map(({ object }) => object));
  return {
    answers: sources.flatMap(({ object }) => (refused.has(object) ? [] : (seen.get(object) ?? []))),
    refusals: [...sifted.flatMap(({ refusals }) => refusals), ...faulty],
  };
}

/** Reads the keys of JSON files of one layout, and counts their rows, with the engine's parser. */
export async function observeKeys(sources: readonly Source[], options: ObserveOptions): Promise<Sifted<Source>> {
  return bisect(sources, (some) => observeJson(some, options));
}

/** Counts the rows of CSV files with the engine's parser. */
export async function countCsv(sources: readonly Source[], options: ObserveOptions): Promise<Sifted<Source>> {
  return bisect(sources, async (some) => {
    const counted: Source[] = [];
    for (const read of planReads(some, 1)) {
      const rows = await options.session.query(
        `SELECT file_index AS file, count(*) AS rows FROM ${readerSql(read, [])} GROUP BY ALL`,
        options.signal,
      );
      const counts = new Map(rows.map(({ file, rows: count }) => [Number(file), Number(count)]));
      counted.push(...read.sources.map((source, index) => ({ ...source, rows: counts.get(index) ?? 0 })));
    }
    return counted;
  });
}

/** Refuses Parquet files that hold another number of rows than their footer tells. */
export async function findFalseFooters(
  sources: readonly Source[],
  { session, signal }: ObserveOptions,
): Promise<readonly Refusal[]> {
  const liars: Refusal[] = [];
  for (const { object, file, rows } of sources) {
    const [row] = await session.query(
      `SELECT count(hash(t)) AS n FROM read_parquet(${quoteText(file)}, hive_partitioning = false) t`,
      signal,
    );
    const count = Number(row?.n);
    if (count === rows) continue;
    liars.push({ object, code: 'OBJECT_CORRUPT', reason: `expected ${rows} rows as the footer tells, got ${count}` });
  }
  return liars;
}

async function observeParquet(
  sources: readonly Source[],
  { session, signal }: ObserveOptions,
): Promise<readonly Source[]> {
  // Files whose footers showed the same schema have the same columns: the engine is asked about the first of them.
  const models = new Map<string, Source>();
  for (const source of sources) models.set(keyOf(source), models.get(keyOf(source)) ?? source);
  const prints = await session.query(
    `SELECT file_name AS file, md5(string_agg(concat_ws(chr(1), name, type, type_length, num_children, converted_type,
       scale, precision, logical_type, duckdb_type), chr(2) ORDER BY column_id)) AS print,
       list(name) FILTER (type = 'INT96') AS int96, arg_max(name, precision) FILTER (precision > 38) AS long,
       list(name ORDER BY column_id) AS names, list(coalesce(num_children, 0)::INTEGER ORDER BY column_id) AS children
     FROM parquet_schema(${listSql([...models.values()])}) GROUP BY ALL`,
    signal,
  );
  const counts = await countTables(
    sources.filter(({ footer }) => footer === undefined),
    { session, ...(signal === undefined ? {} : { signal }) },
  );
  const printOf = new Map(prints.map(({ file, print }) => [file, String(print)]));
  const int96Of = new Map(prints.map(({ file, int96 }) => [file, new Set(namesOf(int96))]));
  const longOf = new Map(prints.map(({ file, long }) => [file, long]));
  const namesAt = new Map(prints.map(({ file, names, children }) => [file, topNames(names, children)]));
  const columnsOf = new Map<string, readonly ObservedColumn[]>();
  const observed: Source[] = [];
  for (const source of sources) {
    const file = models.get(keyOf(source))?.file;
    const [print, count] = [printOf.get(file), source.footer?.rows ?? counts.get(source.file)];
    if (print === undefined || count === undefined) {
      throw new SluiceError('ENGINE_QUERY', `expected a footer of ${source.file}, got none`);
    }
    const own = namesAt.get(file) ?? [];
    const columns =
      columnsOf.get(print) ??
      // The reader gives the second column of a name another one: whoever refuses it must see the true ones.
      (findDuplicate(own) === undefined
        ? await describeParquet(source, { session, ...(signal === undefined ? {} : { signal }) })
        : own.map((name) => ({ name })));
    columnsOf.set(print, columns);
    const int96 = columns.map(({ name }) => name).filter((name) => int96Of.get(file)?.has(name));
    const long = longOf.get(file);
    const odd = {
      ...(int96.length === 0 ? {} : { int96 }),
      ...(typeof long === 'string' ? { longDecimal: long } : {}),
    };
    observed.push({ ...source, columns, rows: count, ...odd });
  }
  return observed;
}

/** The same for Parquet files of the same columns. */
function keyOf({ footer, object }: Source): string {
  return footer?.print ?? object;
}

/** Rows by file, as the footers tell. */
async function countTables(
  sources: readonly Source[],
  { session, signal }: ObserveOptions,
): Promise<ReadonlyMap<unknown, number>> {
  if (sources.length === 0) return new Map();
  const rows = await session.query(
    `SELECT file_name AS file, num_rows AS rows FROM parquet_file_metadata(${listSql(sources)})`,
    signal,
  );
  return new Map(rows.map(({ file, rows: count }) => [file, Number(count)]));
}

/** The names of a Parquet file's own columns, without what is inside them: its schema lists all, the outer before the inner ones. */
function topNames(names: EngineValue | undefined, children: EngineValue | undefined): readonly string[] {
  const [all, counts] = [namesOf(names), namesOf(children).map(Number)];
  const endOf = (at: number): number => {
    let end = at + 1;
    for (let child = 0; child < (counts[at] ?? 0) && end < all.length; child++) end = endOf(end);
    return end;
  };
  const top: string[] = [];
  for (let at = 1; at < all.length; at = endOf(at)) top.push(all[at] ?? '');
  return top;
}

async function describeParquet(
  source: Source,
  { session, signal }: ObserveOptions,
): Promise<readonly ObservedColumn[]> {
  const rows = await session.query(
    `DESCRIBE FROM read_parquet(${quoteText(source.file)}, hive_partitioning = false)`,
    signal,
  );
  return rows.map(({ column_name: name, column_type: type }) => ({
    name: String(name),
    type: String(type).replaceAll('"NULL"', 'NULL'),
  }));
}

/** Keys that only some rows have count too: the reader would leave unknown keys out without a word. */
async function observeJson(
  sources: readonly Source[],
  { session, signal }: ObserveOptions,
): Promise<readonly Source[]> {
  const layout = sources[0]?.format === 'json' ? 'array' : 'newline_delimited';
  const rows = await session.query(
    `SELECT file, sum(n)::BIGINT AS rows, list(keys ORDER BY n DESC) AS keys
     FROM (SELECT file_index AS file, hash(json_keys(json)) AS h, count(*) AS n, any_value(json_keys(json)) AS keys
       FROM read_json_objects(${listSql(sources)}, format = ${quoteText(layout)}, compression = 'uncompressed', hive_partitioning = false)
       GROUP BY file, h)
     GROUP BY ALL`,
    signal,
  );
  const seen = new Map(rows.map(({ file, ...row }) => [Number(file), row]));
  return sources.map((source, index) => {
    const { rows: count = 0, keys } = seen.get(index) ?? {};
    const names = new Set(Array.isArray(keys) ? keys.flatMap(namesOf) : []);
    const hasBareRows = Array.isArray(keys) && keys.some((of) => namesOf(of).length === 0);
    return { ...source, rows: Number(count), columns: [...names].map((name) => ({ name })), hasBareRows };
  });
}

function namesOf(value: EngineValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function listSql(sources: readonly Source[]): string {
  return `[${sources.map(({ file }) => quoteText(file)).join(', ')}]`;
}
