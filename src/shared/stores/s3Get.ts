import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable, addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { SluiceError } from '../errors.js';
import { hashFile, openLocal, writeAt, writeChunks } from './files.js';
import type { GetRequest } from './port.js';
import { bodyFault } from './s3Checksums.js';
import { readFailure } from './s3Errors.js';
import type { LeanGets } from './s3Lean.js';

/** Objects up to this size come in one request, greater ones in ranges of this size. */
export const RANGE_BYTES = 8 * 1024 * 1024;
const PARALLEL_RANGES = 4;
const BODY_ATTEMPTS = 4;
const BODY_BACKOFF_MS = 100;

interface Source {
  readonly client: S3Client;
  readonly lean: LeanGets;
  readonly bucket: string;
  readonly request: GetRequest;
  readonly file: FileHandle;
}

interface Piece {
  readonly start: number;
  /** Exclusive; undefined asks for the whole object without a range. */
  readonly end?: number;
  readonly eTag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Fetched {
  readonly bytes: number;
  /** Of the whole object. */
  readonly totalBytes: number;
  /** As the store wrote it. */
  readonly eTag: string | undefined;
}

/**
 * Fetches an object into its file; resolves with its bytes and SHA-256 (hex). Every range demands the eTag of the first,
 * so versions never mix. Throws what the SDK throws, SCRATCH_FULL, or OBJECT_CHANGED when the size is not the expected.
 */
export async function fetchToFile(
  options: Omit<Source, 'file'>,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { request, bucket } = options;
  const file = await openLocal(request.file, 'w+');
  try {
    const fetched = await fetchAll({ ...options, file });
    if (request.size === undefined || request.size === fetched.bytes) return fetched;
    const message = `expected ${request.size} bytes in ${bucket}/${request.key}, got ${fetched.bytes}`;
    throw new SluiceError('OBJECT_CHANGED', message, { facts: { bucket, key: request.key } });
  } finally {
    await file.close();
  }
}

async function fetchAll(source: Source): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { size, eTag, signal } = source.request;
  const asWhole = { start: 0, eTag, signal };
  if (size !== undefined && size <= RANGE_BYTES) return fetchSmall(source, asWhole, size);
  const hash = hashFile(source.file);
  const first = await fetchPiece(source, { ...asWhole, end: RANGE_BYTES }).catch((error: unknown) => {
    // No range of an empty object can be satisfied.
    if (readFailure(error).status === 416) return fetchPiece(source, asWhole);
    throw error;
  });
  await fetchRest(source, first, (end) => hash.advance(end));
  return { bytes: first.totalBytes, sha256: hash.digest() };
}

/** One request, one write and no reading back: of a batch of small objects each call costs more than its bytes. */
async function fetchSmall(
  source: Source,
  piece: Piece,
  size: number,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const found = (await fetchLean(source, size)) ?? (await fetchChunks(source, piece, size));
  if (found.bytes === size) source.request.onBytes?.(found.chunks);
  await writeChunks(source.file, found.chunks);
  return { bytes: found.bytes, sha256: found.sha256 };
}

interface Small {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly sha256: string;
}

/** Undefined where the SDK has to be asked. */
async function fetchLean({ lean, request }: Source, size: number): Promise<Small | undefined> {
  const { key, eTag, versionId, signal } = request;
  const answer = await lean.get({ key, size, eTag, versionId, signal });
  if (answer === undefined) return undefined;
  const { chunks, headers } = answer;
  const sha256 = hashChunks(chunks);
  return (await bodyFault(headers, chunks, sha256)) === undefined ? { chunks, bytes: size, sha256 } : undefined;
}

async function fetchChunks(source: Source, piece: Piece, size: number): Promise<Small> {
  let chunks: readonly Buffer[] = [];
  const { bytes } = await fetchPiece(source, piece, async (response, fetched) => {
    chunks = fetched.bytes > size ? [] : await readChunks(response, { bytes: fetched.bytes, signal: piece.signal });
  });
  return { chunks, bytes, sha256: hashChunks(chunks) };
}

function hashChunks(chunks: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** Fetches what follows the first piece by parallel ranges; tells in order up to where the file is whole. */
async function fetchRest(source: Source, first: Fetched, onWhole: (end: number) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const { signal } = source.request;
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const limit = pLimit(PARALLEL_RANGES);
  const failures: unknown[] = [];
  const ranges = planRanges(first.bytes, first.totalBytes).map((range) => {
    const fetched = limit(() => fetchPiece(source, { ...range, eTag: first.eTag, signal: either }));
    const settled = fetched.catch((error: unknown) => {
      failures.push(error);
      stop.abort();
    });
    return { end: range.end, settled };
  });
  await onWhole(first.bytes);
  for (const { end, settled } of ranges) {
    await settled;
    if (failures.length === 0) await onWhole(end);
  }
  if (failures.length > 0) throw failures[0];
}

/** The ranges from `start` to `total`, each of at most RANGE_BYTES. */
export function planRanges(start: number, total: number): { readonly start: number; readonly end: number }[] {
  const count = Math.ceil((total - start) / RANGE_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const from = start + index * RANGE_BYTES;
    return { start: from, end: Math.min(from + RANGE_BYTES, total) };
  });
}

/** Takes the body of an answer; throws when it breaks off. */
type TakeBody = (response: GetObjectCommandOutput, fetched: Fetched) => Promise<void>;

/** The SDK repeats a request that was not answered, but not one whose body broke off: that is done here. */
async function fetchPiece(
  source: Source,
  piece: Piece,
  take: TakeBody = (response, { bytes }) => writeBody(source.file, response, { ...piece, bytes }),
): Promise<Fetched> {
  for (let attempt = 1; ; attempt++) {
    piece.signal?.throwIfAborted();
    const response = await send(source, piece);
    const fetched = readHead(response, piece);
    try {
      await take(response, fetched);
      return fetched;
    } catch (error) {
      if (error instanceof SluiceError || piece.signal?.aborted === true || attempt >= BODY_ATTEMPTS) throw error;
      await sleep(
        BODY_BACKOFF_MS * 2 ** attempt,
        undefined,
        piece.signal === undefined ? {} : { signal: piece.signal },
      );
    }
  }
}

function send({ client, lean, bucket, request }: Source, piece: Piece): Promise<GetObjectCommandOutput> {
  const { key, versionId } = request;
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...(piece.eTag === undefined ? {} : { IfMatch: `"${piece.eTag.replaceAll('"', '')}"` }),
    // The checksum that a store keeps is that of the whole object.
    ...(piece.end === undefined ? { ChecksumMode: 'ENABLED' } : { Range: `bytes=${piece.start}-${piece.end - 1}` }),
  });
  lean.learnFrom(command, key);
  return client.send(command, piece.signal === undefined ? {} : { abortSignal: piece.signal });
}

function readHead(response: GetObjectCommandOutput, piece: Piece): Fetched {
  const bytes = response.ContentLength ?? 0;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.ContentRange ?? '');
  // A store may answer a range with the whole object.
  if (range === null && piece.start === 0) return { bytes, totalBytes: bytes, eTag: response.ETag };
  const [, start, , total] = range ?? [];
  if (Number(start) === piece.start) return { bytes, totalBytes: Number(total), eTag: response.ETag };
  const got = response.ContentRange ?? 'no range';
  throw new SluiceError('STORE_AWAY', `expected the range that begins at byte ${piece.start}, got ${got}`);
}

interface BodyPart {
  /** Expected. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

async function writeBody(
  file: FileHandle,
  response: GetObjectCommandOutput,
  { start, ...part }: BodyPart & { readonly start: number },
): Promise<void> {
  let at = 0;
  for await (const chunk of readBody(response, part)) {
    await writeAt(file, chunk, start + at);
    at += chunk.length;
  }
}

async function readChunks(response: GetObjectCommandOutput, part: BodyPart): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of readBody(response, part)) chunks.push(chunk);
  return chunks;
}

async function* readBody(
  { Body: body }: GetObjectCommandOutput,
  { bytes, signal }: BodyPart,
): AsyncGenerator<Buffer, void> {
  if (!(body instanceof Readable)) throw new SluiceError('INTERNAL', 'expected a stream as the body of an object');
  if (signal !== undefined) addAbortSignal(signal, body);
  let got = 0;
  for await (const chunk of body) {
    const data: unknown = chunk;
    if (!Buffer.isBuffer(data)) throw new SluiceError('INTERNAL', 'expected buffers in the body of an object');
    yield data;
    got += data.length;
  }
  if (got !== bytes) throw new Error(`expected ${bytes} bytes of body, got ${got}`);
}
