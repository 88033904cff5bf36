import { type FileHandle, open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import type { EngineSession } from '../../shared/engine/port.js';
import { quoteText } from '../../shared/schema/columns.js';
import { bisect } from './bisect.js';
import { readPageHeader } from './pageHeader.js';
import type { Refusal, Source } from './sources.js';

interface Chunk {
  readonly column: string;
  readonly from: number;
  readonly bytes: number;
}

/** What one answer of the engine holds; a file of more column chunks is checked in part. */
const MAX_CHUNKS = 100_000;

/**
 * Checks the CRC of every page of Parquet files that carry them (Spark writes them; the engine reads over them): a
 * flipped byte is refused with its place. Files without CRCs cost nothing here.
 */
export async function refuseFalsePages(
  sources: readonly Source[],
  { session, signal }: { readonly session: EngineSession; readonly signal?: AbortSignal },
): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (const source of sources.filter(({ hasPageChecksums }) => hasPageChecksums === true)) {
    const { object, file } = source;
    signal?.throwIfAborted();
    const found = await bisect([source], async () => {
      const rows = await session.query(
        `SELECT path_in_schema AS path, coalesce(nullif(dictionary_page_offset, 0), data_page_offset) AS dictionary,
           data_page_offset AS data, total_compressed_size AS bytes FROM parquet_metadata(${quoteText(file)}) LIMIT ${MAX_CHUNKS}`,
        signal,
      );
      return rows.map(({ path, dictionary, data, bytes }): Chunk => {
        return { column: String(path), from: Math.min(Number(dictionary), Number(data)), bytes: Number(bytes) };
      });
    });
    refusals.push(...found.refusals);
    const reason = await findFalsePage(file, found.answers);
    if (reason !== undefined) refusals.push({ object, code: 'OBJECT_CORRUPT', reason });
  }
  return refusals;
}

async function findFalsePage(file: string, chunks: readonly Chunk[]): Promise<string | undefined> {
  const handle = await open(file);
  try {
    for (const chunk of chunks) {
      const reason = await checkChunk(handle, chunk);
      if (reason !== undefined) return reason;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

/** Reads one column chunk and checks its pages; a page without CRC is passed over. */
async function checkChunk(handle: FileHandle, { column, from, bytes }: Chunk): Promise<string | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, from);
  for (let at = 0; at < bytesRead;) {
    const header = readPageHeader(buffer, at);
    const place = `the page at byte ${from + at} (column ${column})`;
    if (header === undefined || header.dataAt + header.bytes > bytesRead) return `expected ${place} whole, got less`;
    const data = buffer.subarray(header.dataAt, header.dataAt + header.bytes);
    const crc = header.crc === undefined ? undefined : crc32(data);
    if (crc !== undefined && crc !== header.crc) {
      return `expected CRC ${hex(header.crc)} of ${place}, got ${hex(crc)}`;
    }
    at = header.dataAt + header.bytes;
  }
  return undefined;
}

/** Node has it since 20.15 and 22.2; before, pages go unchecked. */
function crc32(data: Uint8Array): number | undefined {
  return typeof zlib.crc32 === 'function' ? zlib.crc32(data) : undefined;
}

function hex(crc = 0): string {
  return crc.toString(16).padStart(8, '0');
}
