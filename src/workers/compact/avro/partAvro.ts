import { stat } from 'node:fs/promises';
import type { EngineSession } from '../../../shared/engine/port.js';
import { isSluiceError } from '../../../shared/errors.js';
import { quoteText } from '../../../shared/schema/columns.js';
import type { AsideRow, Parted } from '../asideRows.js';
import { areTooMany } from '../asideTables.js';
import { MAX_ASIDE_ROWS } from '../findBadRows.js';
import type { Source } from '../sources.js';
import { castsSql, linesSql } from './linesSql.js';
import type { UnpackedAvro } from './unpackAvro.js';

interface AvroParting {
  readonly session: EngineSession;
  readonly avro: UnpackedAvro;
  /** Where the typed rows go. */
  readonly to: string;
  readonly signal?: AbortSignal;
}

/**
 * Takes the rows out of an Avro file whose values break the type that its own schema gives them, such as a text that is no UUID, and writes
 * the others as Parquet. Undefined where values inside nested ones are at fault, or too many rows.
 */
export async function partAvro(
  source: Source,
  { session, avro, to, signal }: AvroParting,
): Promise<Parted | undefined> {
  const tests = avro.columns.flatMap(({ type, shape }, index) =>
    shape === 'VARCHAR' ? [`WHEN c${index} IS NOT NULL AND TRY_CAST(c${index} AS ${type}) IS NULL THEN ${index}`] : [],
  );
  if (tests.length === 0) return undefined;
  const numbered = `(SELECT *, row_number() OVER () - 1 AS row, CASE ${tests.join(' ')} END AS fault FROM ${linesSql(source.file, avro)})`;
  const pairs = avro.columns.flatMap(({ name, shape }, index) => [
    quoteText(name),
    shape === 'VARCHAR' ? `c${index}` : `to_json(c${index})`,
  ]);
  try {
    const bad = await session.query(
      `SELECT row, fault, json_object(${pairs.join(', ')})::VARCHAR AS raw FROM ${numbered}
       WHERE fault IS NOT NULL ORDER BY row LIMIT ${MAX_ASIDE_ROWS + 1}`,
      signal,
    );
    if (areTooMany(bad.length, avro.rows)) return undefined;
    await session.run(
      `COPY (SELECT ${castsSql(avro)} FROM ${numbered} WHERE fault IS NULL ORDER BY row) TO ${quoteText(to)} (FORMAT parquet, COMPRESSION snappy)`,
      signal,
    );
    const rows = bad.map(({ row, fault, raw }): AsideRow => {
      const { name, type } = avro.columns[Number(fault)] ?? { name: '', type: '' };
      const reason = `column ${name}: expected ${type}, as the schema of the file says, got another value`;
      return {
        object: source.object,
        line: Number(row) + 1,
        code: 'VALUE_INVALID',
        reason,
        raw: String(raw),
        isRow: true,
      };
    });
    const gone = new Set(rows.map(({ line }) => line));
    const lines = Array.from({ length: avro.rows }, (_, index) => index + 1).filter((line) => !gone.has(line));
    const { size: bytes } = await stat(to);
    const aside = { rows: rows.length, lines };
    return { source: { ...source, format: 'parquet', file: to, bytes, rows: lines.length, aside }, rows };
  } catch (error) {
    if (isSluiceError(error, 'ENGINE_QUERY')) return undefined;
    throw error;
  }
}
