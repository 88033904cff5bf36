import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Account } from './account.js';
import { tableId } from './account.js';
import { duckName, duckType } from './duckTypes.js';
import { toDuck } from './duckSql.js';
import { noSuchThing, SnowflakeFault, unknownStatement } from './fault.js';
import type { Rowset } from './rowset.js';
import { textRowset } from './rowset.js';
import { stageOf } from './stages.js';
import { NAME, nameParts, readOptions, splitList, unquoteLiteral } from './text.js';

const COPY = new RegExp(
  `^COPY INTO ${NAME} \\((.*?)\\) FROM \\(SELECT (.*) FROM @${NAME}/(\\S*)\\) FILES = \\((.*?)\\) FILE_FORMAT = (.*)$`,
);
/** The one format that Sluice names. */
export const PARQUET =
  /^\(TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE BINARY_AS_TEXT = FALSE TRIM_SPACE = FALSE NULL_IF = \(\)\)$/;
const OPTIONS = {
  FILE_FORMAT: PARQUET,
  ON_ERROR: /^ABORT_STATEMENT$/,
  PURGE: /^FALSE$/,
};

const PIPED = new RegExp(`^COPY INTO ${NAME} \\((.*?)\\) FROM \\(SELECT (.*) FROM @${NAME}/\\) FILE_FORMAT = (.*)$`);

/** Errors: not known, unless this is the COPY of a pipe. */
export function requirePiped(text: string): void {
  const format = PIPED.exec(text)?.[5];
  if (format === undefined) throw unknownStatement(text);
  readOptions(`FILE_FORMAT = ${format}`, { FILE_FORMAT: PARQUET });
}

/** What a pipe does with one file: the COPY of its definition, whose fields may be put through functions. Returns the rows. */
export async function copyPiped(
  account: Account,
  connection: DuckDBConnection,
  text: string,
  file: string,
): Promise<number> {
  const match = PIPED.exec(text);
  if (match === null) throw unknownStatement(text);
  const [, table = '', targets = '', fields = '', stageName = '', format = ''] = match;
  readOptions(`FILE_FORMAT = ${format}`, OPTIONS);
  const path = join(stageOf(account, stageName).folder, file);
  const have = await parquetColumns(connection, path);
  const values: string[] = [];
  // Fields become names for the time that the grammar reads the functions around them.
  const named = fields
    .replaceAll(
      /\$1:"(?:[^"]|"")+"::[A-Z_]+(?:\(\d+(?:,\d+)?\))?/g,
      (field) => `f${values.push(valueOf(field, have)) - 1}_`,
    )
    .replaceAll('METADATA$FILENAME', `'${file}'`)
    .replaceAll('METADATA$START_SCAN_TIME', 'CURRENT_TIMESTAMP()');
  const select = toDuck(`SELECT ${named}`).replaceAll(/\bf(\d+)_/gi, (_, index: string) => values[Number(index)] ?? '');
  const into = `${duckName(table)} (${splitList(targets).map(duckName).join(', ')})`;
  const { rowsChanged } = await connection.run(
    `INSERT INTO ${into} ${select} FROM read_parquet('${path.replaceAll("'", "''")}')`,
  );
  return rowsChanged;
}

/** COPY INTO a table from files of a stage, all or none. */
export async function copyInto(account: Account, connection: DuckDBConnection, text: string): Promise<Rowset> {
  const match = COPY.exec(text);
  if (match === null) throw unknownStatement(text);
  const [, table = '', targets = '', fields = '', stageName = '', folder = '', list = '', format = ''] = match;
  readOptions(`FILE_FORMAT = ${format}`, OPTIONS);
  if (!account.tables.has(tableId(table))) throw noSuchThing(`Table '${table}'`);
  const stage = stageOf(account, stageName);
  const files = splitList(list).map(unquoteLiteral);
  if (files.length > 1000) throw unknownStatement('COPY of more than 1,000 files');
  const rows: (string | null)[][] = [];
  for (const file of files) {
    const path = join(stage.folder, folder, file);
    if (!existsSync(path)) throw new SnowflakeFault('091016', '22000', `Remote file '${file}' was not found.`);
    const have = await parquetColumns(connection, path);
    const values = splitList(fields).map((field) => valueOf(field, have));
    const sql = `INSERT INTO ${duckName(table)} (${splitList(targets).map(duckName).join(', ')}) SELECT ${values.join(', ')} FROM read_parquet('${path.replaceAll("'", "''")}')`;
    const { rowsChanged } = await connection.run(sql).catch((error: unknown) => {
      throw new SnowflakeFault('100183', '22000', `Error parsing the parquet file: ${String(error)} File '${file}'`);
    });
    const count = String(rowsChanged);
    rows.push([
      `${tableId(stageName).split('.').at(-1)?.toLowerCase()}/${folder}${file}`,
      'LOADED',
      count,
      count,
      '1',
      '0',
      null,
    ]);
  }
  return textRowset(
    ['file', 'status', 'rows_parsed', 'rows_loaded', 'error_limit', 'errors_seen', 'first_error'],
    rows,
  );
}

/** Encodings that came with Parquet 2: nothing promises that COPY reads them. */
const SECOND = /DELTA_|BYTE_STREAM_SPLIT/;

async function parquetColumns(connection: DuckDBConnection, path: string): Promise<ReadonlyMap<string, string>> {
  const literal = `'${path.replaceAll("'", "''")}'`;
  const chunks = await connection
    .runAndReadAll(`SELECT DISTINCT encodings FROM parquet_metadata(${literal})`)
    .catch(() => undefined);
  const encodings = chunks?.getRows().flat().map(String).join(' ') ?? '';
  if (SECOND.test(encodings))
    throw new SnowflakeFault('100183', '22000', `Error parsing the parquet file: encodings ${encodings}`);
  const reader = await connection
    .runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal})`)
    .catch((error: unknown) => {
      throw new SnowflakeFault('100183', '22000', `Error parsing the parquet file: ${String(error)}`);
    });
  return new Map(reader.getRows().map(([name, type]) => [String(name), String(type)]));
}

/** `$1:"name"::TYPE` as DuckDB reads it. A field that the file lacks is NULL. UUIDs come as the digits of their bytes. */
function valueOf(field: string, have: ReadonlyMap<string, string>): string {
  const match = /^\$1:("(?:[^"]|"")+")::([A-Z_]+(?:\(\d+(?:,\d+)?\))?)$/.exec(field);
  if (match === null) throw unknownStatement(`field ${field}`);
  const [, quoted = '', type = ''] = match;
  const found = have.get(nameParts(quoted)[0] ?? '');
  if (found === undefined) return 'NULL';
  if (found === 'UUID') return `upper(replace(${quoted}::VARCHAR, '-', ''))`;
  const duck = duckType(type);
  return duck === 'JSON' ? `to_json(${quoted})` : `CAST(${quoted} AS ${duck})`;
}
