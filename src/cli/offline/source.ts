import { isSluiceError } from '../../shared/errors.js';
import { type Column, quoteText } from '../../shared/schema/columns.js';
import type { FileFormat } from '../../shared/config/dataset.js';
import { type CompactedObject, compactInScratch } from './compactInputs.js';
import type { OfflineWork } from './session.js';

/** Rows to look into. */
export interface FileSource {
  /** What may stand after FROM. */
  readonly source: string;
  readonly columns: readonly Column[];
  /** Of the files as they were given. */
  readonly bytes: number;
}

/** What was found, and what became of each file. */
export interface SourceAnswer<T> {
  readonly found: T;
  readonly objects: readonly CompactedObject[];
}

/**
 * Looks into the rows of the files. Parquet files of one schema are read where they are; all else is compacted into scratch
 * first, so that types agree and a bad file is named instead of ending the work.
 */
export async function lookInto<T>(
  work: OfflineWork,
  format: FileFormat,
  look: (source: FileSource) => Promise<T>,
): Promise<SourceAnswer<T>> {
  const direct = await openDirect(work, format);
  if (direct !== undefined) {
    try {
      return { found: await look(direct), objects: await countEach(work) };
    } catch (error) {
      if (!isSluiceError(error, 'ENGINE_QUERY')) throw error;
    }
  }
  const { objects, result } = await compactInScratch(work, { format, compression: 'snappy' });
  const artifacts = result.artifacts.map(({ path }) => path);
  const source = artifacts.length === 0 ? emptySource(result.columns) : readParquet(artifacts);
  return { found: await look({ source, columns: result.columns, bytes: sizeOf(work) }), objects };
}

/** The files as a source, when all are Parquet of one schema; undefined otherwise. */
async function openDirect(work: OfflineWork, format: FileFormat): Promise<FileSource | undefined> {
  const { files, session, signal } = work;
  const parquet =
    format === 'parquet' || (format === 'auto' && files.every(({ file }) => /\.(parquet|pq)$/i.test(file)));
  if (!parquet || files.length === 0) return undefined;
  const source = readParquet(files.map(({ file }) => file));
  try {
    const [answer] = await session.query(schemasSql(files.map(({ file }) => file)), signal);
    if (answer?.['schemas'] !== 1n) return undefined;
    const rows = await session.query(`DESCRIBE SELECT * FROM ${source}`, signal);
    const columns = rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
    return { source, columns, bytes: sizeOf(work) };
  } catch (error) {
    if (isSluiceError(error, 'ENGINE_QUERY')) return undefined;
    throw error;
  }
}

function schemasSql(files: readonly string[]): string {
  return `SELECT count(DISTINCT columns) AS schemas FROM (
    SELECT file_name, list((name, type, logical_type, converted_type, num_children) ORDER BY column_id) AS columns
    FROM parquet_schema([${files.map(quoteText).join(', ')}]) GROUP BY file_name)`;
}

async function countEach({ files, session, signal }: OfflineWork): Promise<readonly CompactedObject[]> {
  const list = files.map(({ file }) => quoteText(file)).join(', ');
  const rows = await session.query(`SELECT file_name, num_rows FROM parquet_file_metadata([${list}])`, signal);
  const counts = new Map(rows.map((row) => [String(row['file_name']), Number(row['num_rows'])]));
  return files.map(({ uri, file }) => ({ uri, rows: counts.get(file) ?? 0, state: 'included' }));
}

function readParquet(files: readonly string[]): string {
  return `read_parquet([${files.map(quoteText).join(', ')}], hive_partitioning = false)`;
}

/** No file could be read: no rows, and the columns known so far. */
function emptySource(columns: readonly Column[]): string {
  const fields =
    columns.length === 0
      ? '1 AS nothing'
      : columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS "${name.replaceAll('"', '""')}"`).join(', ');
  return `(SELECT ${fields} WHERE false)`;
}

function sizeOf({ files }: OfflineWork): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
