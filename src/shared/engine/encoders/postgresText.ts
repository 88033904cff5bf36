import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DuckDBBlobValue, type DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../errors.js';
import { quoteName } from '../../schema/columns.js';
import type { Encoder } from './encoders.js';

const FRAME_BYTES = 1 << 22;
const MAX_FRAME_ROWS = 61_440;
/** Results are freed by garbage collection only, and their size is unknown to it. */
const COLLECT_EVERY_FRAMES = 8;

/**
 * COPY text format, https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS: DuckDB builds one
 * line a row. Nested values are JSON, BLOB is hex, all else is DuckDB's own text, which Postgres reads.
 * The lines are made whole first (beyond the memory limit they spill): a streamed result of DuckDB's Node client ends
 * early and without an error when its statement fails midway.
 */
export const encodePostgresText: Encoder = async (connection, { sql, types }, write) => {
  const collect = collector();
  await connection.run(`CREATE TEMP TABLE lines AS ${postgresTextSql(sql, types)}`);
  const [rows, bytes] = await numbers(connection, 'SELECT count(*), coalesce(sum(strlen(line)), 0)::BIGINT FROM lines');
  const step = Math.max(1, Math.min(MAX_FRAME_ROWS, Math.floor((rows * FRAME_BYTES) / Math.max(bytes, 1))));
  let sent = 0;
  for (let from = 0; from < rows; from += step) {
    const range = `rowid >= ${from} AND rowid < ${from + step}`;
    const result = await connection.run(`SELECT encode(string_agg(line, '')), count(*) FROM lines WHERE ${range}`);
    for (const [blob, count] of await result.getRows()) {
      if (blob instanceof DuckDBBlobValue) await write(blob.bytes);
      sent += Number(count);
    }
    if ((from / step) % COLLECT_EVERY_FRAMES === 0) collect();
  }
  await connection.run('DROP TABLE lines');
  if (sent !== rows) throw new SluiceError('INTERNAL', `expected ${rows} rows in the copy, got ${sent}`);
};

async function numbers(connection: DuckDBConnection, sql: string): Promise<[number, number]> {
  const [row] = await (await connection.run(sql)).getRows();
  return [Number(row?.[0] ?? 0), Number(row?.[1] ?? 0)];
}

/** A SELECT of one VARCHAR column `line`: the rows of the given SELECT in COPY text format. */
export function postgresTextSql(sql: string, types: readonly string[]): string {
  const names = types.map((_, index) => quoteName(`c${index}`));
  const fields = types.map((type, index) => `coalesce(${fieldSql(names[index] ?? '', type)}, '\\N')`);
  return `SELECT concat(${fields.join(', chr(9), ')}, chr(10)) AS line FROM (${sql}) AS t(${names.join(', ')})`;
}

function fieldSql(name: string, type: string): string {
  const plain = type.toUpperCase();
  if (/\]$|^(STRUCT|MAP|UNION)\b/.test(plain)) return escapeSql(`CAST(to_json(${name}) AS VARCHAR)`);
  if (plain === 'BLOB') return `'\\\\x' || lower(hex(${name}))`;
  if (/^(VARCHAR|JSON|ENUM|UNION|VARIANT|GEOMETRY)\b/.test(plain)) return escapeSql(`CAST(${name} AS VARCHAR)`);
  return `CAST(${name} AS VARCHAR)`;
}

function escapeSql(text: string): string {
  const pairs = [
    ["'\\'", "'\\\\'"],
    ['chr(9)', "'\\t'"],
    ['chr(10)', "'\\n'"],
    ['chr(13)', "'\\r'"],
  ];
  return pairs.reduce((inner, [from, to]) => `replace(${inner}, ${from}, ${to})`, text);
}

function collector(): () => void {
  setFlagsFromString('--expose_gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect();
  };
}
