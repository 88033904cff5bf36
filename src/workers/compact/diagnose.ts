import type { EngineSession } from '../../shared/engine/port.js';
import { quoteName } from '../../shared/schema/columns.js';
import { bisect } from './bisect.js';
import { guessTypes } from './guess.js';
import { planReads, type Read } from './plan.js';
import type { Refusal, Source, TargetColumn } from './sources.js';
import { misfitSql } from './columnSql.js';
import { PLACE, placedSql, probeSql, readerSql, selectSql } from './sql.js';

/** Values of one text file that do not fit one column. */
export interface Misfit {
  readonly object: string;
  readonly column: string;
  /** The column's type. */
  readonly expected: string;
  /** What the file's own values look like. */
  readonly got: string;
  readonly rows: number;
  /** The first of them, from 1, the header not counted. */
  readonly firstRow: number;
}

export interface Diagnosis {
  readonly misfits: readonly Misfit[];
  readonly refusals: readonly Refusal[];
}

interface DiagnoseOptions {
  readonly session: EngineSession;
  readonly columns: readonly TargetColumn[];
  readonly signal?: AbortSignal;
}

/** Finds why the sources cannot be compacted into these columns: each culprit with its place. Nothing found: both lists are empty. */
export async function diagnose(sources: readonly Source[], options: DiagnoseOptions): Promise<Diagnosis> {
  const texts = sources.filter(({ format }) => format !== 'parquet');
  const found = await bisect(sources, (some) => findMisfits(some, options));
  const seen = new Set([...found.refusals, ...found.answers].map(({ object }) => object));
  const tables = sources.filter(({ format, object }) => format === 'parquet' && !seen.has(object));
  const broken = await bisect(tables, (some) => probe(some, options));
  const misfits = await withTypes(sources, found.answers, options);
  const refusals = [...found.refusals, ...broken.refusals];
  if (misfits.length + refusals.length > 0) return { misfits, refusals };
  return { misfits, refusals: (await bisect(texts, (some) => probe(some, options))).refusals };
}

type Place = Omit<Misfit, 'got'>;

async function findMisfits(sources: readonly Source[], options: DiagnoseOptions): Promise<readonly Place[]> {
  const found: Place[] = [];
  for (const read of planReads(sources, 1)) found.push(...(await findInRead(read, options)));
  return found;
}

async function findInRead(read: Read, { session, columns, signal }: DiagnoseOptions): Promise<readonly Place[]> {
  const typed = columns.filter(({ name, type }) => !/^(VARCHAR|JSON)$/.test(type) && hasColumn(read, name));
  const tests = typed.map((column, index) => {
    const misfit = misfitSql(read, column);
    return `count(*) FILTER (${misfit}) AS n${index}, min(${PLACE.row}) FILTER (${misfit}) AS r${index}`;
  });
  const rows = await session.query(
    `SELECT ${PLACE.file} AS file, min(${PLACE.row}) AS low, ${[...tests, 'count(*) AS n'].join(', ')}
     FROM ${placedSql(read, 'SELECT *,', readerSql(read, typed))} GROUP BY ALL`,
    signal,
  );
  return rows.flatMap((row) =>
    typed.flatMap(({ name, type }, index) => {
      const count = Number(row[`n${index}`]);
      const object = read.sources[Number(row.file)]?.object ?? '';
      const firstRow = Number(row[`r${index}`]) - Number(row.low) + 1;
      return count === 0 ? [] : [{ object, column: name, expected: type, rows: count, firstRow }];
    }),
  );
}

async function withTypes(
  sources: readonly Source[],
  places: readonly Place[],
  { session, signal }: DiagnoseOptions,
): Promise<readonly Misfit[]> {
  const objects = new Set(places.map(({ object }) => object));
  const known = new Map(
    sources.flatMap(({ object, format, columns }) => (format === 'parquet' ? [[object, columns] as const] : [])),
  );
  const guessed = await guessTypes(
    sources.filter(({ object }) => objects.has(object) && !known.has(object)),
    { session, names: places.map(({ column }) => column), whole: true, ...(signal === undefined ? {} : { signal }) },
  );
  return places.map((place) => {
    const own = known.get(place.object)?.map(({ name, type }): [string, string] => [name, type ?? 'VARCHAR']);
    const types = own ?? [...(guessed.get(place.object) ?? [])];
    const got = types.find(([name]) => name.toLowerCase() === place.column.toLowerCase())?.[1];
    return { ...place, got: got ?? 'VARCHAR' };
  });
}

async function probe(
  sources: readonly Source[],
  { session, columns, signal }: DiagnoseOptions,
): Promise<readonly never[]> {
  for (const read of planReads(sources, 1)) await session.query(probeSql(selectSql(read, columns, false)), signal);
  return [];
}

function hasColumn(read: Read, name: string): boolean {
  return read.columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** Whether values of the type are read as JSON has them. */
export function isNested(type: string): boolean {
  return type === 'JSON' || /\]$|^(STRUCT|MAP)\(/.test(type);
}

/** A misfit as the reason of a refusal. */
export function refuseMisfit({ object, column, expected, got, rows, firstRow }: Misfit): Refusal {
  const reason = `column ${column}: expected ${expected}, got ${got} in ${rows === 1 ? '1 row' : `${rows} rows`}, first in row ${firstRow}`;
  return { object, code: got === expected ? 'VALUE_INVALID' : 'TYPE_CHANGED', reason };
}

/** Quoted for people: the columns of a change. */
export function describeChange(column: string, from: string | undefined, to: string): string {
  return from === undefined
    ? `${quoteName(column)} is new (${to})`
    : `${quoteName(column)} widened from ${from} to ${to}`;
}
