import type { PageVersion } from '../../shared/config/dataset.js';
import { type Column, quoteName, quoteText } from '../../shared/schema/columns.js';
import { columnSql, csvName, jsonType } from './columnSql.js';
import { type Read, shadowsReader } from './plan.js';
import type { TargetColumn } from './sources.js';

const [FILE, ROW] = ['"_sluice file"', '"_sluice row"'];

/** The rows of a read in the dataset's columns, then `_sluice_object` and `_sluice_row` where provenance is asked for. */
export function selectSql(read: Read, columns: readonly TargetColumn[], provenance: boolean): string {
  const select = `SELECT ${castsSql(read, columns)}`;
  const reader = readerSql(read, columns);
  if (!provenance) return `${select} FROM ${reader}`;
  const objects = read.sources.map(({ object }) => quoteText(object)).join(', ');
  const names = columns.map(({ name }) => quoteName(name));
  const place = [`([${objects}]::UUID[])[${FILE} + 1] AS _sluice_object`, `${rowSql(read)} AS _sluice_row`];
  return `SELECT ${[...names, ...place].join(', ')} FROM ${placedSql(read, `${select}, `, reader)}`;
}

/** Rows of each file of a read, and the sum of their hashes over the dataset's columns. */
export function readContentSql(read: Read, columns: readonly TargetColumn[]): string {
  const rows = `(SELECT ${castsSql(read, columns)}, ${fileSql(read)} FROM ${readerSql(read, columns)})`;
  const hash = hashSql(columns.map(({ name }) => quoteName(name)));
  return `SELECT ${FILE} AS file, count(*) AS rows, sum(${hash})::VARCHAR AS content FROM ${rows} GROUP BY ALL`;
}

function castsSql(read: Read, columns: readonly TargetColumn[]): string {
  return columns.map((column) => `${columnSql(read, column, 'error')} AS ${quoteName(column.name)}`).join(', ');
}

/** A row's hash over these values. */
function hashSql(values: readonly string[]): string {
  return `hash(${values.join(', ')})`;
}

/** All reads in one SELECT. */
export function unionSql(reads: readonly Read[], columns: readonly TargetColumn[], provenance: boolean): string {
  return reads.map((read) => selectSql(read, columns, provenance)).join('\nUNION ALL\n');
}

/** Decodes every value of the SELECT and keeps none: finds what cannot be read. */
export function probeSql(select: string): string {
  return `SELECT count(hash(t)) AS n FROM (${select}) t`;
}

/** The engine's variable with what every artifact of the session carries in its footer. */
const STAMP = 'sluice_stamp';

/** From here on every artifact of the session carries this text in its footer, under the key `sluice`. */
export function stampSql(text: string): string {
  return `SET VARIABLE ${STAMP} = ${quoteText(text)}`;
}

/** How an artifact is written. */
export interface WriteOptions {
  readonly path: string;
  readonly compression: 'zstd' | 'snappy';
  readonly pages: PageVersion;
  readonly sort: readonly string[];
  /** What to order by, in SQL, where names of columns do not say it. */
  readonly orderBy?: string;
  /** What of the SELECT is kept; default all. */
  readonly fields?: string;
  /** Default 122,880, the engine's own. */
  readonly rowsPerGroup?: number;
}

/**
 * Writes one artifact. Level 1 and a small dictionary cost less than the defaults of DuckDB and make smaller files.
 * The rows' statistics come back with the answer.
 */
export function copySql(
  select: string,
  { path, compression, pages, sort, orderBy, fields = '*', rowsPerGroup }: WriteOptions,
): string {
  const by = orderBy ?? sort.map(quoteName).join(', ');
  const order = by === '' ? '' : ` ORDER BY ${by}`;
  const options = [
    'FORMAT parquet',
    `COMPRESSION ${compression}`,
    ...(compression === 'zstd' ? ['COMPRESSION_LEVEL 1'] : []),
    'DICTIONARY_SIZE_LIMIT 4096',
    `PARQUET_VERSION ${pages}`,
    ...(rowsPerGroup === undefined ? [] : [`ROW_GROUP_SIZE ${rowsPerGroup}`]),
    `KV_METADATA {'sluice': coalesce(getvariable('${STAMP}'), '')}`,
    'RETURN_STATS',
  ];
  return `COPY (SELECT ${fields} FROM (${select})${order}) TO ${quoteText(path)} (${options.join(', ')})`;
}

/**
 * Rows of each object in the artifacts, and what proves their numbers: 0 to n - 1, each once. With columns also the sum of
 * the rows' hashes.
 */
export function objectRowsSql(paths: readonly string[], columns: readonly Column[] = []): string {
  return objectRowsFrom(parquetSql(paths), columns);
}

/** The same of what may stand after FROM. */
export function objectRowsFrom(source: string, columns: readonly Column[]): string {
  const content = columns.length === 0 ? '' : `, ${contentSql(columns)} AS content`;
  return `SELECT _sluice_object::VARCHAR AS object, count(*) AS rows, min(_sluice_row) AS low, max(_sluice_row) AS high,
    sum(_sluice_row)::HUGEINT AS total${content} FROM ${source} GROUP BY ALL`;
}

/** The same of all rows together, whoever they come from. */
export function contentRowsSql(paths: readonly string[], columns: readonly Column[]): string {
  return `SELECT count(*) AS rows, ${contentSql(columns)} AS content FROM ${parquetSql(paths)}`;
}

/** The sum of the rows' hashes over these columns, as text. */
export function contentSql(columns: readonly Column[]): string {
  return `sum(${hashSql(columns.map(({ name, type }) => `CAST(${quoteName(name)} AS ${type})`))})::VARCHAR`;
}

/** Writes rows that were set aside, one JSON object a line, as Parquet. */
export function asideSql(lines: string, path: string): string {
  const columns =
    "object: 'UUID', line: 'BIGINT', code: 'VARCHAR', reason: 'VARCHAR', raw: 'VARCHAR', header: 'VARCHAR'";
  const reader = `read_json(${quoteText(lines)}, format = 'newline_delimited', columns = {${columns}})`;
  return `COPY (SELECT * FROM ${reader} ORDER BY object, line) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1)`;
}

/** The artifacts as a table. */
export function parquetSql(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quoteText).join(', ')}], hive_partitioning = false)`;
}

/** The reader's call, text as text: values are cast by the SELECT. */
export function readerSql(read: Read, columns: readonly TargetColumn[]): string {
  const files = `[${read.sources.map(({ file }) => quoteText(file)).join(', ')}]`;
  if (read.format === 'parquet') return `read_parquet(${files}, hive_partitioning = false)`;
  const types = read.columns.map(({ name }, index) => {
    const column = columns.find((known) => known.name.toLowerCase() === name.toLowerCase());
    if (read.format === 'csv') return `${quoteText(csvName(index))}: 'VARCHAR'`;
    return `${quoteText(name)}: ${quoteText(jsonType(read, column?.type ?? 'VARCHAR'))}`;
  });
  // Rows of JSON without any key are rows too, and a reader wants at least one column.
  const asked = types.length === 0 ? "'_sluice none': 'VARCHAR'" : types.join(', ');
  const common = `columns = {${asked}}, compression = 'uncompressed', hive_partitioning = false`;
  if (read.format === 'csv') {
    const dialect = `header = true, delim = ${quoteText(read.delimiter)}, quote = '"', escape = '"', allow_quoted_nulls = false`;
    return `read_csv(${files}, auto_detect = false, ${dialect}, ${common})`;
  }
  const layout = read.format === 'json' ? 'array' : 'newline_delimited';
  return `read_json(${files}, format = ${quoteText(layout)}, records = true, ${common})`;
}

/**
 * What `select` (its last comma included) takes of a read, with the number of each row's file in the list and of the row
 * in the read. Casts belong below the numbering: above it they cost twice as much.
 */
export function placedSql(read: Read, select: string, reader: string): string {
  if (isNumbered(read)) return `(${select} ${fileSql(read)}, file_row_number AS ${ROW} FROM ${reader})`;
  return `(SELECT *, row_number() OVER () - 1 AS ${ROW} FROM (${select} ${fileSql(read)} FROM ${reader}))`;
}

/** The number of a row's file in the list. */
function fileSql(read: Read): string {
  return `${shadowsReader(read) ? '0' : 'CAST(file_index AS BIGINT)'} AS ${FILE}`;
}

/** The names that placedSql gives: the file's number and the row's. */
export const PLACE = { file: FILE, row: ROW } as const;

/** The row's number in its file: text is numbered through all files of the read, so the rows before the file come off. */
function rowSql(read: Read): string {
  if (isNumbered(read)) return `CAST(${ROW} AS BIGINT)`;
  const before = read.sources.reduce<number[]>((sums, { rows = 0 }) => [...sums, (sums.at(-1) ?? 0) + rows], [0]);
  return `${ROW} - ([${before.slice(0, -1).join(', ')}]::BIGINT[])[${FILE} + 1]`;
}

/** Parquet numbers its rows file by file. */
function isNumbered(read: Read): boolean {
  return read.format === 'parquet' && !shadowsReader(read);
}
