import { rm, stat } from 'node:fs/promises';
import type { EngineSession } from '../../../shared/engine/port.js';
import { isSluiceError } from '../../../shared/errors.js';
import { quoteName, quoteText } from '../../../shared/schema/columns.js';
import type { Sifted } from '../bisect.js';
import type { Refusal, Source } from '../sources.js';
import type { UnpackedAvro } from './unpackAvro.js';

/** Turns the lines that Avro files were unpacked to into typed Parquet; the other sources stay as they are. */
export async function convertAvro(
  sources: readonly Source[],
  { session, signal }: { readonly session: EngineSession; readonly signal?: AbortSignal },
): Promise<Sifted<Source>> {
  const answers: Source[] = [];
  const refusals: Refusal[] = [];
  for (const { avro, ...source } of sources) {
    if (avro === undefined) {
      answers.push(source);
      continue;
    }
    const file = `${source.file}.parquet`;
    try {
      await session.run(convertSql(source.file, avro, file), signal);
      await rm(source.file, { force: true });
      const { size } = await stat(file);
      answers.push({ ...source, format: 'parquet', file, bytes: size });
    } catch (error) {
      if (!isSluiceError(error, 'ENGINE_QUERY')) throw error;
      refusals.push(await refuse(source, avro, session));
    }
  }
  return { answers, refusals };
}

function convertSql(file: string, avro: UnpackedAvro, to: string): string {
  const casts = avro.columns.map(({ name, type }, index) => `CAST(c${index} AS ${type}) AS ${quoteName(name)}`);
  return `COPY (SELECT ${casts.join(', ')} FROM ${linesSql(file, avro)}) TO ${quoteText(to)} (FORMAT parquet, COMPRESSION snappy)`;
}

function linesSql(file: string, { columns, longest }: UnpackedAvro): string {
  const shapes = columns.map(({ shape }, index) => `c${index}: ${quoteText(shape)}`);
  return `read_json(${quoteText(file)}, format = 'newline_delimited', records = true, compression = 'uncompressed',
    hive_partitioning = false, maximum_object_size = ${Math.max(longest * 2, 1 << 24)}, columns = {${shapes.join(', ')}})`;
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
