import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import type { FileFormat, TextEncoding } from '../../shared/config/dataset.js';
import { isSluiceError } from '../../shared/errors.js';
import { unpackAvro } from './avro/unpackAvro.js';
import { type Glance, glanceAtFile, HEAD_BYTES } from './glance.js';
import { gunzipFile } from './gunzip.js';
import { readPageHeader } from './pageHeader.js';
import { inspectText } from './inspectText.js';
import { readKind, readParquetTail } from './read.js';
import { readEncoding, transcodeFile } from './transcode.js';
import { unzstdFile } from './unzstd.js';
import type { CompactInput, Refusal, Source } from './sources.js';

const FILES_AT_ONCE = 4;
/** Files up to this size are read once, whole. */
const SMALL_BYTES = 1 << 20;

interface InspectOptions {
  /** Where plain copies go. */
  readonly folder: string;
  readonly format: FileFormat;
  /** How text is encoded. */
  readonly encoding: TextEncoding;
  /** Names of the dataset's columns, where it has any: they tell separators apart. */
  readonly known: readonly string[];
  /** Whether text with NULs is kept, because its rows are looked at one by one. */
  readonly keepNuls?: boolean;
  /** Whether the NULLs of each column of CSV are asked for. */
  readonly countNulls?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Proves that each input is whole and plain, a few at a time, in their order: unpacks gzip, zstd and Avro, makes text
 * UTF-8, reads headers, counts lines.
 * The columns of NDJSON and Parquet are still unknown then. Errors: SCRATCH_FULL, and those of the file system.
 */
export async function inspectInputs(
  inputs: readonly CompactInput[],
  options: InspectOptions,
): Promise<readonly (Source | Refusal)[]> {
  const limit = pLimit(FILES_AT_ONCE);
  return Promise.all(
    inputs.map((input, index) =>
      limit(async () => {
        options.signal?.throwIfAborted();
        try {
          const own =
            input.isOurs === true ? { ...options, format: 'auto' as const, encoding: 'auto' as const } : options;
          return await inspect(input, join(options.folder, String(index)), own);
        } catch (error) {
          if (isSluiceError(error) && /^(OBJECT_|FORMAT_|VALUE_)/.test(error.code)) {
            return { object: input.object, code: error.code, reason: error.message };
          }
          throw error;
        }
      }),
    ),
  );
}

/** A file on its way through inspection; small ones are read once and kept. */
interface Bytes {
  readonly file: string;
  readonly size: number;
  readonly bytes?: Buffer;
  readonly glance?: Glance;
}

async function inspect(input: CompactInput, plain: string, options: InspectOptions): Promise<Source | Refusal> {
  const isTable = /\.(parquet|parq|pq)$/i.test(input.name);
  const glance = input.glance ?? (isTable ? await glanceAtFile(input.file) : undefined);
  const size = glance?.size ?? (await stat(input.file)).size;
  const bytes = size <= SMALL_BYTES && !isTable ? await readFile(input.file) : undefined;
  const given = {
    size,
    file: input.file,
    ...(bytes === undefined ? {} : { bytes }),
    ...(glance === undefined ? {} : { glance }),
  };
  return inspectBytes(input, given, { ...options, plain });
}

async function inspectBytes(
  { object, name }: CompactInput,
  given: Bytes,
  options: InspectOptions & { readonly plain: string },
): Promise<Source | Refusal> {
  const { size } = given;
  const kind = readKind(name, await readAt(given, 0, HEAD_BYTES), { size, format: options.format });
  if (kind.kind === 'refused') return { object, code: kind.code, reason: kind.reason };
  if (kind.compression !== 'none') {
    const unpacked = await unpack(kind.compression, given, options);
    const inner = { object, name: name.replace(/\.(gz|gzip|zst|zstd)$/i, ''), file: unpacked.file };
    return inspectBytes(inner, unpacked, { ...options, plain: `${options.plain}.plain` });
  }
  if (kind.format === 'avro') return inspectAvro({ object, name, file: given.file }, given, options);
  const file = await withPlainName(given.file, options.plain);
  if (kind.format === 'parquet') return inspectParquet({ object, name, file }, { ...given, file });
  const utf8 = await asUtf8({ ...given, file }, options);
  const text = kind.format === 'ndjson' ? await withoutMark(utf8, options.plain) : utf8;
  return inspectText({ object, name, file: text.file }, text, { ...options, format: kind.format });
}

async function unpack(
  compression: 'gzip' | 'zstd',
  given: Bytes,
  { plain, signal }: InspectOptions & { readonly plain: string },
): Promise<Bytes> {
  if (compression === 'gzip') {
    const unpacked = await gunzipFile(given, plain, signal);
    return { ...unpacked, size: unpacked.bytes?.length ?? (await stat(unpacked.file)).size };
  }
  await unzstdFile(given, plain, signal);
  const { size } = await stat(plain);
  return { file: plain, size, ...(size <= SMALL_BYTES ? { bytes: await readFile(plain) } : {}) };
}

async function asUtf8(given: Bytes, { encoding, plain }: { encoding: TextEncoding; plain: string }): Promise<Bytes> {
  const other = readEncoding(await readAt(given, 0, HEAD_BYTES), encoding);
  if (other === undefined) return given;
  const file = `${plain}.utf8`;
  return { file, size: await transcodeFile(given, file, other) };
}

async function inspectAvro(
  input: CompactInput,
  { size }: Bytes,
  { plain, signal }: { plain: string; signal?: AbortSignal },
): Promise<Source> {
  const file = `${plain}.lines`;
  const avro = await unpackAvro({ file: input.file, size }, file, signal);
  const { rows } = avro;
  return { ...input, file, format: 'ndjson', bytes: size, delimiter: '', columns: [], endsInLine: true, rows, avro };
}

/** DuckDB takes these characters in a path for a pattern. */
async function withPlainName(file: string, plain: string): Promise<string> {
  if (!/[*?[\]{}]/.test(file)) return file;
  await copyFile(file, plain);
  return plain;
}

/** DuckDB refuses the byte order mark of UTF-8 before JSON. */
async function withoutMark(given: Bytes, plain: string): Promise<Bytes> {
  const head = await readAt(given, 0, 3);
  if (Buffer.from(head).toString('hex') !== 'efbbbf') return given;
  const file = `${plain}.unmarked`;
  await pipeline(createReadStream(given.file, { start: 3 }), createWriteStream(file));
  return { file, size: given.size - 3 };
}

async function inspectParquet(input: CompactInput, { file, glance }: Bytes): Promise<Source | Refusal> {
  const { size, head, tail, footer } = glance ?? (await glanceAtFile(file));
  const { object, name } = input;
  const fault = readParquetTail(tail, size);
  if (fault?.kind === 'refused') return { object, code: fault.code, reason: fault.reason };
  // The first page follows the magic.
  const hasPageChecksums = readPageHeader(head, 4)?.crc !== undefined;
  const source = { object, name, file, bytes: size, delimiter: '', columns: [], endsInLine: true, hasPageChecksums };
  return { ...source, format: 'parquet', ...(footer === undefined ? {} : { footer }) };
}

async function readAt({ file, bytes, glance }: Bytes, position: number, length: number): Promise<Uint8Array> {
  if (position === 0 && glance !== undefined && length <= HEAD_BYTES) return glance.head.subarray(0, length);
  if (bytes !== undefined) return bytes.subarray(position, position + length);
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
