import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import type { TypedColumn } from './table.js';
import { columnList } from './table.js';
import type { Statement } from './statement.js';
import { quoteLiteral, statement } from './statement.js';

/** Files that one COPY may name. https://docs.snowflake.com/en/sql-reference/sql/copy-into-table */
export const FILES_A_COPY = 1000;

/**
 * How artifacts are read. Logical types keep dates, times and decimals what they are; bytes stay bytes; a text is taken as it is, also
 * when it says NULL.
 */
export const PARQUET =
  '(TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE BINARY_AS_TEXT = FALSE TRIM_SPACE = FALSE NULL_IF = ())';

/** A column of the staging table, and the field of the artifact it is read from. */
export interface StagedColumn extends TypedColumn {
  /** Name in the artifact, as it is spelled there. */
  readonly source: string;
}

/** An internal stage for files that are put; Snowflake encrypts it. */
export function createInternalStage(stage: TableName): Statement {
  return statement([`CREATE STAGE IF NOT EXISTS ${quoteTable(stage)} FILE_FORMAT = ${PARQUET}`]);
}

/** A stage over the lake, through an integration: no key of the lake is ever in Snowflake or in SQL. */
export function createExternalStage(stage: TableName, url: string, integration: string): Statement {
  return statement([
    `CREATE STAGE IF NOT EXISTS ${quoteTable(stage)} URL = ${quoteLiteral(url)}`,
    `STORAGE_INTEGRATION = ${quoteName(integration)} FILE_FORMAT = ${PARQUET}`,
  ]);
}

/**
 * Uploads one local file as it is. A file that an earlier try left is replaced. SOURCE_COMPRESSION is left out: the driver (3.3) fails
 * on NONE, and finds that Parquet is not compressed by itself.
 */
export function putFile(stage: TableName, folder: string, file: string): Statement {
  return statement([
    `PUT ${quoteLiteral(`file://${file}`)} @${quoteTable(stage)}/${folder}`,
    'AUTO_COMPRESS = FALSE OVERWRITE = TRUE PARALLEL = 8',
  ]);
}

/** Removes what was put under a folder of the stage. */
export function removeFiles(stage: TableName, folder: string): Statement {
  return statement([`REMOVE @${quoteTable(stage)}/${folder}`]);
}

/** What lies in a stage. Columns of the answer: name, size, md5, last_modified. */
export function listFiles(stage: TableName): Statement {
  return statement([`LIST @${quoteTable(stage)}`]);
}

/** A staging table: without time travel and fail-safe, so that it costs nothing once it is dropped. */
export function createStaging(staging: TableName, columns: readonly TypedColumn[]): Statement {
  return statement([
    `CREATE OR REPLACE TRANSIENT TABLE ${quoteTable(staging)} (${columnList(columns)})`,
    'DATA_RETENTION_TIME_IN_DAYS = 0',
  ]);
}

export function dropTable(table: TableName): Statement {
  return statement([`DROP TABLE IF EXISTS ${quoteTable(table)}`]);
}

/** Copies named files (at most 1,000; paths below `folder`) into the staging table; a file that cannot be read ends it all. */
export function copyFiles(
  staging: TableName,
  columns: readonly StagedColumn[],
  from: { readonly stage: TableName; readonly folder: string; readonly files: readonly string[] },
): Statement {
  const fields = columns.map(({ source, type }) => `$1:${quoteName(source)}::${type}`);
  return statement([
    `COPY INTO ${quoteTable(staging)} (${columns.map(({ name }) => quoteName(name)).join(', ')})`,
    `FROM (SELECT ${fields.join(', ')} FROM @${quoteTable(from.stage)}/${from.folder})`,
    `FILES = (${from.files.map(quoteLiteral).join(', ')})`,
    `FILE_FORMAT = ${PARQUET} ON_ERROR = ABORT_STATEMENT PURGE = FALSE`,
  ]);
}

/** Staging tables of every load that ever was cut off. Columns of the answer: created_on, name, ... */
export function showStaging(schema: { readonly database: string; readonly schema: string }): Statement {
  return statement([
    `SHOW TABLES LIKE 'STG\\\\_%' IN SCHEMA ${quoteName(schema.database)}.${quoteName(schema.schema)}`,
  ]);
}
