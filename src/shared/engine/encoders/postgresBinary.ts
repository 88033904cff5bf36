import duckdb from '@duckdb/node-bindings';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { SluiceError } from '../../errors.js';
import { layOutBinary } from './binaryLayout.js';
import type { BinaryChunk } from './binaryRows.js';
import { rowsBuilder } from './binaryRows.js';
import type { Encoder } from './encoders.js';

/** https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS: signature, no flags, no header extension. */
const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\u00ff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

/**
 * COPY BINARY. DuckDB joins the texts of a row, JavaScript puts the fixed-width values around them, a column of a chunk at a
 * time, while DuckDB works on the next chunk. Order of rows is not kept. Types: those of `binaryCovers`.
 */
export const encodePostgresBinary: Encoder = async (connection, { sql, types }, write) => {
  const layout = layOutBinary(sql, types);
  const build = rowsBuilder(layout);
  const result = await connection.stream(layout.sql);
  await write(HEADER);
  let rows = 0;
  let coming = result.fetchChunk();
  for (;;) {
    const chunk = await coming;
    if (chunk === null || chunk.rowCount === 0) break;
    coming = result.fetchChunk();
    // Nobody waits for it when this chunk fails.
    coming.catch(() => {});
    rows += chunk.rowCount;
    await write(build(openChunk(chunk)));
  }
  await requireEnd(connection, sql, rows);
  await write(TRAILER);
};

/** A streamed result of DuckDB's Node client ends early and without an error when its statement fails midway. */
async function requireEnd(connection: DuckDBConnection, sql: string, rows: number): Promise<void> {
  const expected = await countRows(connection, `SELECT count(*) FROM (${sql})`);
  if (rows === expected) return;
  // Says why: it reads every value, so it meets what the stream met.
  await countRows(connection, `SELECT count(COLUMNS(*)) FROM (${sql})`);
  throw new SluiceError('INTERNAL', `expected ${expected} rows in the copy, got ${rows}`);
}

async function countRows(connection: DuckDBConnection, sql: string): Promise<number> {
  const [row] = await (await connection.run(sql)).getRows();
  return Number(row?.[0] ?? 0);
}

/** The chunk's memory belongs to DuckDB and lives as long as the chunk does. */
function openChunk({ chunk, rowCount }: DuckDBDataChunk): BinaryChunk {
  const validityBytes = Math.ceil(rowCount / 64) * 8;
  return {
    rows: rowCount,
    values: (index, bytesEach) => {
      const vector = duckdb.data_chunk_get_vector(chunk, index);
      const validity: Uint8Array | null = duckdb.vector_get_validity(vector, validityBytes);
      return {
        rows: rowCount,
        bytes: duckdb.vector_get_data(vector, rowCount * bytesEach),
        validity:
          validity === null ? undefined : new Uint32Array(validity.buffer, validity.byteOffset, validityBytes / 4),
      };
    },
    follow: ({ buffer, byteOffset }, offset, length) => {
      if (!(buffer instanceof ArrayBuffer)) throw new TypeError('expected the memory of a vector, got shared memory');
      return duckdb.get_data_from_pointer(buffer, byteOffset + offset, length);
    },
  };
}
