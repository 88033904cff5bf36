import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { SluiceError } from '../errors.js';
import { sha256OfFile } from './files.js';
import type { PutAnswer, PutRequest } from './port.js';
import { readFailure } from './s3Errors.js';

/** Files up to this size go in one request, greater ones in parts of at least this size. */
export const PART_BYTES = 8 * 1024 * 1024;
const MAX_PARTS = 9_000;
const PARALLEL_PARTS = 4;
const CONFLICT_ATTEMPTS = 6;
const CONFLICT_BACKOFF_MS = 50;
const WRITER = 'sluice-writer';

/** A put under way. `extra` goes into the request as it is: encryption and its like. */
export interface PutSource {
  readonly client: S3Client;
  readonly bucket: string;
  readonly request: PutRequest;
  readonly extra: Partial<PutObjectCommandInput>;
}

/**
 * Puts a file. A request that was repeated after its answer got lost is refused by its own first success (412, or a
 * multipart upload that is gone); so each put names its writer in the metadata, and after a failure the object is asked
 * whose it is. 409 (another conditional write is under way) is tried again. Throws what the SDK throws.
 */
export async function putFromFile(source: PutSource): Promise<PutAnswer> {
  const { file: path, signal } = source.request;
  const writer = randomUUID();
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const put = { ...source, file, size, writer };
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const hash = createHash('sha256');
      try {
        const eTag = size <= PART_BYTES ? await putWhole(put, hash) : await putParts(put, hash);
        return { eTag: unquote(eTag), bytes: size, sha256: hash.digest('hex') };
      } catch (error) {
        if (signal?.aborted === true) throw error;
        const own = await findOwn(source, writer);
        if (own !== undefined) return { eTag: own, bytes: size, sha256: await sha256OfFile(path) };
        if (readFailure(error).status !== 409 || attempt >= CONFLICT_ATTEMPTS) throw error;
        await sleep(CONFLICT_BACKOFF_MS * 2 ** attempt, undefined, signal === undefined ? {} : { signal });
      }
    }
  } finally {
    await file.close();
  }
}

/** A put whose file is open. */
interface OpenPut extends PutSource {
  readonly file: FileHandle;
  readonly size: number;
  readonly writer: string;
}

async function putWhole(put: OpenPut, hash: Hash): Promise<string | undefined> {
  const { client, request, file, size } = put;
  const body = await readPart(file, Buffer.allocUnsafe(size), 0);
  hash.update(body);
  const input = { ...targetOf(put), ...metaOf(put), ...conditionOf(request), Body: body };
  return (await client.send(new PutObjectCommand(input), optionsOf(request))).ETag;
}

/** Parts are read in order, hashed as they are read, and sent a few at a time from buffers that are used again: 0.24 CPU seconds for 80 MB, hash included, where the SDK's own upload of a stream and a hash before it took 0.5. */
async function putParts(put: OpenPut, hash: Hash): Promise<string | undefined> {
  const { client, request } = put;
  const target = targetOf(put);
  const checksum = await checksumOf(client);
  const start = new CreateMultipartUploadCommand({ ...target, ...metaOf(put), ...checksum });
  const { UploadId } = await client.send(start, optionsOf(request));
  try {
    const Parts = await sendParts(put, { ...target, ...checksum, UploadId }, hash);
    const end = { ...target, ...conditionOf(request), UploadId, MultipartUpload: { Parts } };
    return (await client.send(new CompleteMultipartUploadCommand(end), optionsOf(request))).ETag;
  } catch (error) {
    // What is left of it would be paid for; a store that is away ends it by its own rule.
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => {});
    throw error;
  }
}

/** The parts, in their order. A part that fails fails all. */
async function sendParts(
  { client, request, file, size }: OpenPut,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined } & Checksum,
  hash: Hash,
): Promise<CompletedPart[]> {
  const partSize = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS));
  const buffers = Array.from({ length: PARALLEL_PARTS }, () => Buffer.allocUnsafeSlow(partSize));
  const send = async (PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
    const command = new UploadPartCommand({ ...upload, PartNumber, Body });
    const { ETag, ChecksumCRC32 } = await client.send(command, optionsOf(request));
    return { PartNumber, ETag, ChecksumCRC32 };
  };
  const parts: Promise<CompletedPart>[] = [];
  try {
    for (let from = 0; from < size; from += partSize) {
      // The part before that lies in the same buffer.
      await parts.at(-PARALLEL_PARTS);
      const buffer = buffers[parts.length % PARALLEL_PARTS] ?? Buffer.alloc(partSize);
      const body = await readPart(file, buffer.subarray(0, Math.min(partSize, size - from)), from);
      hash.update(body);
      const part = send(parts.length + 1, body);
      // Every part is awaited below, whenever it fails.
      part.catch(() => {});
      parts.push(part);
    }
    return await Promise.all(parts);
  } finally {
    await Promise.allSettled(parts);
  }
}

interface Checksum {
  readonly ChecksumAlgorithm?: 'CRC32';
}

/** What the SDK adds of itself to single requests: nothing for compatible stores, of which older ones refuse it. */
async function checksumOf({ config }: S3Client): Promise<Checksum> {
  return (await config.requestChecksumCalculation()) === 'WHEN_SUPPORTED' ? { ChecksumAlgorithm: 'CRC32' } : {};
}

/** Fills the buffer from that place in the file. INTERNAL when the file is shorter. */
async function readPart(file: FileHandle, buffer: Buffer, from: number): Promise<Buffer> {
  for (let at = 0; at < buffer.length;) {
    const { bytesRead } = await file.read(buffer, at, buffer.length - at, from + at);
    if (bytesRead === 0)
      throw new SluiceError('INTERNAL', `expected ${buffer.length} bytes at byte ${from} of the file, got ${at}`);
    at += bytesRead;
  }
  return buffer;
}

function optionsOf({ signal }: PutRequest): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function targetOf({ bucket, request }: PutSource) {
  return { Bucket: bucket, Key: request.key };
}

function conditionOf({ ifAbsent }: PutRequest) {
  return ifAbsent === true ? { IfNoneMatch: '*' } : {};
}

function metaOf({ request: { contentType }, extra, writer }: OpenPut) {
  return {
    Metadata: { [WRITER]: writer },
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...extra,
  };
}

/** The eTag of the object when this writer put it; undefined when another did, or when nobody can tell. */
async function findOwn({ client, bucket, request }: PutSource, writer: string): Promise<string | undefined> {
  try {
    const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: request.key }));
    return found.Metadata?.[WRITER] === writer ? unquote(found.ETag) : undefined;
  } catch {
    return undefined;
  }
}

/** An eTag without its quotes; every store must tell one. */
export function unquote(eTag: string | undefined): string {
  if (eTag === undefined) throw new SluiceError('STORE_AWAY', 'expected an eTag from the store, got none');
  return eTag.replaceAll('"', '');
}
