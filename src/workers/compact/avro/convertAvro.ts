import { rm, stat } from 'node:fs/promises';
import type { EngineSession } from '../../../shared/engine/port.js';
import { isSluiceError } from '../../../shared/errors.js';
import { quoteText } from '../../../shared/schema/columns.js';
import type { BadRowRule } from '../../../shared/config/dataset.js';
import type { AsideRow, PartedSources } from '../asideRows.js';
import { partAvro } from './partAvro.js';
import { findDuplicate } from '../read.js';
import type { Refusal, Source } from '../sources.js';
import { castsSql, linesSql } from './linesSql.js';
import type { UnpackedAvro } from './unpackAvro.js';

/**
 * Turns the lines that Avro files were unpacked to into typed Parquet; the other sources stay as they are. Where bad rows alone are to be set
 * aside, those whose values break the schema of their file are.
 */
export async function convertAvro(
  sources: readonly Source[],
  request: { readonly session: EngineSession; readonly onBadRow?: BadRowRule; readonly signal?: AbortSignal },
): Promise<PartedSources> {
  const { session, onBadRow, signal } = request;
  const converted: Source[] = [];
  const refusals: Refusal[] = [];
  const aside: AsideRow[] = [];
  for (const { avro, ...source } of sources) {
    if (avro === undefined) {
      converted.push(source);
      continue;
    }
    const twice = findDuplicate(avro.columns.map(({ name }) => name));
    if (twice !== undefined) {
      const reason = `expected each column once, got ${twice} twice (upper and lower case are one)`;
      refusals.push({ object: source.object, code: 'COLUMN_MISMATCH', reason });
      continue;
    }
    const file = `${source.file}.parquet`;
    try {
      await session.run(convertSql(source.file, avro, file), signal);
      await rm(source.file, { force: true });
      const { size } = await stat(file);
      converted.push({ ...source, format: 'parquet', file, bytes: size });
    } catch (error) {
      if (!isSluiceError(error, 'ENGINE_QUERY')) throw error;
      const parted = onBadRow === 'row' ? await partAvro(source, { ...request, avro, to: file }) : undefined;
      if (parted === undefined) refusals.push(await refuse(source, avro, session));
      else {
        converted.push(parted.source);
        aside.push(...parted.rows);
      }
    }
  }
  return { sources: converted, refusals, aside };
}

function convertSql(file: string, avro: UnpackedAvro, to: string): string {
  return `COPY (SELECT ${castsSql(avro)} FROM ${linesSql(file, avro)}) TO ${quoteText(to)} (FORMAT parquet, COMPRESSION snappy)`;
}

/** Names the first column with a value that its own type does not hold. */
async function refuse({ object, file }: Source, avro: UnpackedAvro, session: EngineSession): Promise<Refusal> {
  for (const [index, { name, type }] of avro.columns.entries()) {
    try {
      await session.query(`SELECT count(CAST(c${index} AS ${type})) FROM ${linesSql(file, avro)}`);
    } catch (error) {
      if (!isSluiceError(error, 'ENGINE_QUERY')) throw error;
      const reason = `column ${name}: expected values of ${type}, as the schema of the file says, got others`;
      return { object, code: 'VALUE_INVALID', reason };
    }
  }
  return { object, code: 'OBJECT_UNREADABLE', reason: 'expected rows that the engine takes, got others' };
}
