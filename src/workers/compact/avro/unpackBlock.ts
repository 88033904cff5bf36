import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { isSluiceError } from '../../../shared/errors.js';
import { unzstdFile } from '../unzstd.js';
import { unpackSnappy } from './snappy.js';

/** Codecs of Avro's blocks that are read (specification 1.12); bzip2 and xz are not. */
export const AVRO_CODECS = ['null', 'deflate', 'snappy', 'zstandard'] as const;
export type AvroCodecName = (typeof AVRO_CODECS)[number];

/** A block may hold so many bytes. */
export const MAX_BLOCK_BYTES = 1 << 30;

const inflate = promisify(inflateRaw);

/** Unpacks the data of one block; `to` is a path for what goes by way of the disk. Throws an Error that says what is wrong with the data. */
export async function unpackBlock(codec: AvroCodecName, data: Buffer, to: string): Promise<Buffer> {
  switch (codec) {
    case 'null':
      return data;
    case 'deflate':
      return inflate(data, { maxOutputLength: MAX_BLOCK_BYTES });
    case 'snappy':
      return unpackChecked(data);
    case 'zstandard':
      return unpackZstd(data, to);
  }
}

/** Behind Snappy's data stands the CRC-32 of what it holds, the highest byte first. */
function unpackChecked(data: Buffer): Buffer {
  if (data.length < 5) throw new Error(`${data.length} bytes`);
  const plain = unpackSnappy(data.subarray(0, -4), MAX_BLOCK_BYTES);
  if (plain === undefined) throw new Error('no such data');
  const [want, got] = [data.readUInt32BE(data.length - 4), crc32(plain)];
  if (want !== got) throw new Error(`CRC ${got.toString(16)} instead of ${want.toString(16)}`);
  return plain;
}

async function unpackZstd(data: Buffer, to: string): Promise<Buffer> {
  const [packed, plain] = [`${to}.packed`, `${to}.plain`];
  try {
    await writeFile(packed, data);
    await unzstdFile({ file: packed, size: data.length }, plain);
    return await readFile(plain);
  } catch (error) {
    // Its place is that of the block.
    if (isSluiceError(error, 'OBJECT_TRUNCATED')) throw new Error('its end', { cause: error });
    if (isSluiceError(error, 'OBJECT_CORRUPT')) throw new Error('other bytes', { cause: error });
    throw error;
  } finally {
    await Promise.all([rm(packed, { force: true }), rm(plain, { force: true })]);
  }
}

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** Node's own is not in all versions of 20. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
