import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { SluiceError } from '../errors.js';
import type { PutRequest } from './port.js';
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

interface Landed {
  readonly eTag: string;
  readonly bytes: number;
}

/**
 * Puts a file. A request that was repeated after its answer got lost is refused by its own first success (412, or a
 * multipart upload that is gone); so each put names its writer in the metadata, and after a failure the object is asked
 * whose it is. 409 (another conditional write is under way) is tried again. Throws what the SDK throws.
 */
export async function putFromFile(source: PutSource): Promise<Landed> {
  const { file, signal } = source.request;
  const writer = randomUUID();
  const { size } = await stat(file);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const eTag = size <= PART_BYTES ? await putWhole(source, writer) : await putParts(source, { writer, size });
      return { eTag: unquote(eTag), bytes: size };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const own = await findOwn(source, writer);
      if (own !== undefined) return { eTag: own, bytes: size };
      if (readFailure(error).status !== 409 || attempt >= CONFLICT_ATTEMPTS) throw error;
      await sleep(CONFLICT_BACKOFF_MS * 2 ** attempt, undefined, signal === undefined ? {} : { signal });
    }
  }
}

async function putWhole(source: PutSource, writer: string): Promise<string | undefined> {
  const { client, request } = source;
  const command = new PutObjectCommand({ ...inputOf(source, writer), Body: await readFile(request.file) });
  const response = await client.send(command, request.signal === undefined ? {} : { abortSignal: request.signal });
  return response.ETag;
}

async function putParts(
  source: PutSource,
  put: { readonly writer: string; readonly size: number },
): Promise<string | undefined> {
  const { client, request } = source;
  const partSize = Math.max(PART_BYTES, Math.ceil(put.size / MAX_PARTS));
  const body = createReadStream(request.file, { highWaterMark: 1024 * 1024 });
  const upload = new Upload({
    client,
    params: { ...inputOf(source, put.writer), Body: body, ContentLength: put.size },
    partSize,
    queueSize: PARALLEL_PARTS,
  });
  const onAbort = () => void upload.abort();
  request.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return (await upload.done()).ETag;
  } finally {
    request.signal?.removeEventListener('abort', onAbort);
    body.destroy();
  }
}

function inputOf({ bucket, request, extra }: PutSource, writer: string): PutObjectCommandInput {
  return {
    Bucket: bucket,
    Key: request.key,
    Metadata: { [WRITER]: writer },
    ...(request.ifAbsent === true ? { IfNoneMatch: '*' } : {}),
    ...(request.contentType === undefined ? {} : { ContentType: request.contentType }),
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
