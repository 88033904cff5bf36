import { readFile } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { type Compressors, parquetReadObjects } from 'hyparquet';

/** Rows as one text each, whatever their types are: what two readers of the same data agree on. Sorted. */
export type RowTexts = readonly string[];

/** Reads Parquet without the engine. Throws what the reader throws. */
export async function readParquetAlone(path: string): Promise<RowTexts> {
  const bytes = await readFile(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows = await parquetReadObjects({ file, compressors, utf8: false, geoparquet: false });
  return rows.map((row) => rowText(Object.values(row))).toSorted();
}

const compressors: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input, length) => unzstd(input, new Uint8Array(length)),
  LZ4_RAW: (input, length) => unpackLz4(input, length),
};

/** The values of a row, one text. */
export function rowText(values: readonly unknown[]): string {
  return JSON.stringify(values.map(valueText));
}

function valueText(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  // -0 is 0: writers of dictionaries keep one of them
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(valueText);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, valueText(inner)]));
  }
  return value;
}

/** One block of LZ4 (lz4_Block_format.md). */
function unpackLz4(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let [at, to] = [0, 0];
  const more = (nibble: number) => {
    let sum = nibble;
    if (nibble === 15) for (let byte = 255; byte === 255; sum += byte) byte = input[at++] ?? 0;
    return sum;
  };
  while (at < input.length) {
    const token = input[at++] ?? 0;
    const literals = more(token >> 4);
    output.set(input.subarray(at, at + literals), to);
    [at, to] = [at + literals, to + literals];
    if (at >= input.length) break;
    const back = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    for (let left = more(token & 15) + 4; left > 0; left--) output[to] = output[to++ - back] ?? 0;
  }
  return output;
}
