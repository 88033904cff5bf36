import { type FileHandle, open } from 'node:fs/promises';
import avro from 'avsc';
import { z } from 'zod';
import { isSluiceError, SluiceError } from '../../../shared/errors.js';
import { AVRO_CODECS, type AvroCodecName, MAX_BLOCK_BYTES, unpackBlock } from './unpackBlock.js';

const MAGIC = Buffer.from('Obj\u0001', 'latin1');
const SYNC_BYTES = 16;
/** Two numbers of at most 10 bytes each stand before a block. */
const BLOCK_HEAD_BYTES = 20;
const MAX_HEADER_BYTES = 1 << 24;

const LONG = avro.Type.forSchema('long');
const HEADER = avro.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: SYNC_BYTES } },
  ],
});
const headerSchema = z.object({
  meta: z.record(z.string(), z.instanceof(Uint8Array)),
  sync: z.instanceof(Uint8Array),
});

/** What an Avro object container file says of itself. */
export interface AvroHeader {
  /** The writer's schema, parsed JSON. */
  readonly schema: unknown;
  readonly codec: AvroCodecName;
  readonly sync: Buffer;
  /** Where the first block begins. */
  readonly bytes: number;
}

/** One block: its values, unpacked. */
export interface AvroBlock {
  readonly rows: number;
  readonly data: Buffer;
  /** Of the block in the file. */
  readonly place: number;
}

/** Reads the header. Errors: OBJECT_TRUNCATED, OBJECT_CORRUPT, FORMAT_UNSUPPORTED (another codec). */
export async function readAvroHeader(handle: FileHandle, size: number): Promise<AvroHeader> {
  for (let length = 1 << 16; ; length *= 16) {
    const buffer = await readAt(handle, 0, Math.min(length, size));
    if (!buffer.subarray(0, 4).equals(MAGIC.subarray(0, buffer.length))) {
      throw corrupt(0, `expected Obj\\x01, got ${buffer.subarray(0, 4).toString('hex')}`);
    }
    const { value, offset } = HEADER.decode(buffer, 0);
    if (offset >= 0) return { ...parseHeader(headerSchema.parse(value)), bytes: offset };
    if (length >= size) throw truncated(size, 'its header');
    if (length >= MAX_HEADER_BYTES) throw corrupt(0, 'expected a header, got no end of it');
  }
}

function parseHeader({ meta, sync }: z.infer<typeof headerSchema>): Omit<AvroHeader, 'bytes'> {
  const text = (name: string) => Buffer.from(meta[name] ?? []).toString('utf8');
  const named = text('avro.codec') || 'null';
  const codec = AVRO_CODECS.find((known) => known === named);
  if (codec === undefined) {
    throw new SluiceError(
      'FORMAT_UNSUPPORTED',
      `expected Avro with codec ${AVRO_CODECS.join(', ')}, got ${named.slice(0, 40)}; write it with one of these`,
    );
  }
  try {
    return { schema: JSON.parse(text('avro.schema')), codec, sync: Buffer.from(sync) };
  } catch {
    throw corrupt(0, 'expected a schema in the header, got none that is JSON');
  }
}

/** A container, and a path in scratch for blocks that are unpacked by way of the disk. */
export interface AvroFile {
  readonly file: string;
  readonly size: number;
  readonly scratch: string;
}

/** The file's blocks, one at a time. Errors: OBJECT_TRUNCATED and OBJECT_CORRUPT with the place, SCRATCH_FULL. */
export async function* readAvroBlocks(
  { file, size, scratch }: AvroFile,
  header: AvroHeader,
): AsyncGenerator<AvroBlock> {
  const handle = await open(file);
  try {
    for (let at = header.bytes; at < size;) {
      const place = at;
      const head = await readAt(handle, at, Math.min(BLOCK_HEAD_BYTES, size - at));
      const rows = readLong(head, 0, place, size);
      const bytes = readLong(head, rows.offset, place, size);
      at += bytes.offset;
      if (rows.value < 0 || bytes.value < 0 || bytes.value > MAX_BLOCK_BYTES) {
        throw corrupt(place, `expected a block, got ${rows.value} rows in ${bytes.value} bytes`);
      }
      if (at + bytes.value + SYNC_BYTES > size) throw truncated(size, `the block at byte ${place}`);
      const packed = await readAt(handle, at, bytes.value + SYNC_BYTES);
      if (!packed.subarray(bytes.value).equals(header.sync)) {
        throw corrupt(at + bytes.value, 'expected the sync marker of the file, got other bytes');
      }
      at += packed.length;
      const data = packed.subarray(0, bytes.value);
      yield { rows: rows.value, data: await unpack(header.codec, data, { place, scratch }), place };
    }
  } finally {
    await handle.close();
  }
}

async function unpack(
  codec: AvroCodecName,
  data: Buffer,
  { place, scratch }: { readonly place: number; readonly scratch: string },
): Promise<Buffer> {
  try {
    return await unpackBlock(codec, data, scratch);
  } catch (error) {
    if (isSluiceError(error, 'SCRATCH_FULL')) throw error;
    throw corrupt(place, `expected sound ${codec} data, got "${error instanceof Error ? error.message : 'none'}"`);
  }
}

function readLong(head: Buffer, from: number, place: number, size: number): { value: number; offset: number } {
  try {
    const { value, offset } = LONG.decode(head, from);
    if (offset >= 0) return { value: Number(value), offset };
  } catch {
    throw corrupt(place, 'expected the length of a block, got none');
  }
  throw truncated(size, `the block at byte ${place}`);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function truncated(size: number, what: string): SluiceError {
  return new SluiceError('OBJECT_TRUNCATED', `expected the end of ${what}, got the end of the file at byte ${size}`);
}

/** The error of an Avro file that is damaged at a place. */
export function corrupt(place: number, what: string): SluiceError {
  return new SluiceError('OBJECT_CORRUPT', `${what} (byte ${place} of the Avro file)`);
}
