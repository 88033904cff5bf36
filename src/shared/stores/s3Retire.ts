import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { RetireAnswer, RetireRequest } from './port.js';
import { readFailure } from './s3Errors.js';
import { type PutSource, unquote } from './s3Put.js';

/** A retirement under way. `extra` goes into the copy as it is: encryption and its like. */
export interface RetireSource {
  readonly client: S3Client;
  readonly bucket: string;
  readonly request: RetireRequest;
  readonly extra: PutSource['extra'];
}

/**
 * Tags, moves or deletes an object of that eTag; see the port. Each request that changes something carries the eTag as a condition,
 * and the object is looked at before: stores that know no conditional delete still leave a newer version alone but for that moment.
 * Throws what the SDK throws.
 */
export async function retireObject(source: RetireSource): Promise<RetireAnswer> {
  const { how, key, eTag } = source.request;
  const current = await eTagOf(source, key);
  if (current === undefined) {
    const isMoved = how.kind === 'move' && (await eTagOf(source, how.to)) !== undefined;
    return isMoved ? 'done' : 'absent';
  }
  if (current !== eTag) return 'changed';
  try {
    await perform(source);
    return 'done';
  } catch (error) {
    const { status } = readFailure(error);
    if (status === 412) return 'changed';
    if (status === 404) return 'absent';
    throw error;
  }
}

async function perform({ client, bucket, request, extra }: RetireSource): Promise<void> {
  const { how, key: Key, eTag, signal } = request;
  const place = { Bucket: bucket, Key };
  const options = signal === undefined ? {} : { abortSignal: signal };
  if (how.kind === 'tag') {
    const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(place), options);
    const kept = TagSet.filter((tag) => tag.Key === undefined || !(tag.Key in how.tags));
    const added = Object.entries(how.tags).map(([name, value]) => ({ Key: name, Value: value }));
    await client.send(new PutObjectTaggingCommand({ ...place, Tagging: { TagSet: [...kept, ...added] } }), options);
    return;
  }
  if (how.kind === 'move') {
    const from = `${bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
    const copy = { ...extra, Bucket: bucket, Key: how.to, CopySource: from, CopySourceIfMatch: `"${eTag}"` };
    await client.send(new CopyObjectCommand(copy), options);
  }
  await client.send(new DeleteObjectCommand({ ...place, IfMatch: `"${eTag}"` }), options);
}

async function eTagOf({ client, bucket, request }: RetireSource, key: string): Promise<string | undefined> {
  const { signal } = request;
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { ETag } = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    return unquote(ETag);
  } catch (error) {
    if (readFailure(error).status === 404) return undefined;
    throw error;
  }
}
