import { quoteName, quoteText } from '../../shared/schema/columns.js';
import { parseType } from '../../shared/schema/typeText.js';
import { castSql, typedCastSql } from './casts.js';
import { isTree, nestedCastSql, nestedTextSql } from './nestedCasts.js';
import { type Read, shadowsReader } from './plan.js';
import type { TargetColumn } from './sources.js';

/** A value of the dataset's column as this read has it; NULL when its files lack the column. */
export function columnSql(read: Read, { name, type, isGuess = false }: TargetColumn, misfit: 'error' | 'null'): string {
  const fromPath = partitionSql(read, name);
  if (fromPath !== undefined) return `CAST(${fromPath} AS ${type})`;
  const index = read.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  const observed = read.columns[index];
  if (observed === undefined || observed.type === 'NULL') return `CAST(NULL AS ${type})`;
  const value = read.format === 'csv' ? csvName(index) : quoteName(observed.name);
  if (type === 'VARCHAR' && misfit === 'error' && (read.format !== 'parquet' || observed.type === type)) {
    // The bytes of text were looked through as they came.
    const isFree = read.format === 'csv' || read.sources.every(({ isNulFree }) => isNulFree === true);
    return isFree ? value : withoutNul(value, name);
  }
  if (read.format === 'parquet') return parquetValueSql(value, { from: observed.type, to: type, misfit });
  if (isTree(type)) return nestedTextSql(read.format === 'csv' ? csvJson(value) : value, type, misfit);
  if (jsonType(read, type) === type) return value;
  const isQuoted = isJsonDecimal(read, type);
  return castSql(isQuoted ? `(${value} ->> '$')` : value, {
    to: type,
    isEmptyNull: read.format === 'csv',
    misfit,
    isGuess,
    isBinary: read.format !== 'csv',
    ...(isQuoted ? { isString: `starts_with(CAST(${value} AS VARCHAR), '"')` } : {}),
  });
}

/** JSON in a field of CSV; another text is JSON that no nested type takes. */
function csvJson(value: string): string {
  return `CAST(CASE WHEN nullif(${value}, '') IS NULL THEN NULL WHEN json_valid(${value}) THEN ${value} ELSE '0' END AS JSON)`;
}

function parquetValueSql(
  value: string,
  { from, to, misfit }: { readonly from: string | undefined; readonly to: string; readonly misfit: 'error' | 'null' },
): string {
  if (from === undefined || from === to) return value;
  return isTree(from) && isTree(to)
    ? nestedCastSql(value, { from, to, misfit })
    : typedCastSql(value, { from, to, misfit });
}

/** The value that the path of each row's file gives to a column; undefined when paths do not name it. */
function partitionSql(read: Read, name: string): string | undefined {
  const values = read.sources.map(({ partition = [] }) =>
    partition.find((pair) => pair.name.toLowerCase() === name.toLowerCase()),
  );
  if (values.every((pair) => pair === undefined)) return undefined;
  const texts = values.map((pair) => (pair?.value === null || pair === undefined ? 'NULL' : quoteText(pair.value)));
  return `([${texts.join(', ')}]::VARCHAR[])[${shadowsReader(read) ? '1' : 'CAST(file_index AS BIGINT) + 1'}]`;
}

/** Text of a column; a NUL in it, which warehouses do not take, is an error that refuseUnreadable knows. */
function withoutNul(value: string, name: string): string {
  const message = quoteText(`NUL in column ${name} of text`);
  return `CASE WHEN contains(${value}, chr(0)) THEN error(${message}) ELSE ${value} END`;
}

/** An SQL condition: the row has a value that the column does not hold whole; of text also one that warehouses do not take, a NUL. */
export function misfitSql(read: Read, column: TargetColumn): string {
  const given = givenSql(read, column);
  if (given === undefined) return 'false';
  if (read.format === 'parquet' && column.type !== 'VARCHAR' && observedType(read, column) === column.type)
    return 'false';
  if (column.type === 'VARCHAR') return `contains(CAST(${given} AS VARCHAR), chr(0))`;
  return `${given} IS NOT NULL AND (${columnSql(read, column, 'null')}) IS NULL`;
}

/** What a count counts where the column is not NULL: the value as it stands, without casts. */
export function countedSql(read: Read, column: TargetColumn): string {
  const fromPath = partitionSql(read, column.name);
  if (fromPath !== undefined) return fromPath;
  const given = givenSql(read, column);
  if (read.format !== 'csv' || column.type !== 'VARCHAR' || given === undefined) return given ?? 'NULL';
  // An empty text in quotes is a text.
  return csvName(read.columns.findIndex(({ name }) => name.toLowerCase() === column.name.toLowerCase()));
}

function observedType({ columns }: Read, { name }: TargetColumn): string | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.type;
}

/** The value as the file has it, NULL where there is none; undefined where the file lacks the column. */
function givenSql(read: Read, { name, type }: TargetColumn): string | undefined {
  const index = read.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  const observed = read.columns[index];
  if (observed === undefined || observed.type === 'NULL') return undefined;
  if (read.format === 'csv') return `nullif(${csvName(index)}, '')`;
  const value = quoteName(observed.name);
  const isJson = read.format !== 'parquet' && jsonType(read, type) === 'JSON';
  return isJson ? `nullif(CAST(${value} AS VARCHAR), 'null')` : value;
}

/** Decimals of JSON are read as JSON: only that tells one in quotes from a number, whose long fractions came by way of a DOUBLE. */
function isJsonDecimal({ format }: Read, type: string): boolean {
  return (format === 'ndjson' || format === 'json') && parseType(type).kind === 'decimal';
}

/** Nested values and decimals of JSON are read as JSON, the others as text. */
export function jsonType(read: Read, type: string): string {
  if (read.format === 'csv') return 'VARCHAR';
  return type === 'JSON' || isTree(type) || isJsonDecimal(read, type) ? 'JSON' : 'VARCHAR';
}

/** The name that the reader of CSV gives to a column, from 0. */
export function csvName(index: number): string {
  return `c${index}`;
}
