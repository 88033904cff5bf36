import { checksumHeaders, readAttributes } from '../attributes.js';
import type { BodyFacts } from '../body.js';
import { type Bucket, type Conditions, requireConditions } from '../bucket.js';
import { type Answer, type Exchange, quoted } from '../exchange.js';
import { S3Fault } from '../fault.js';
import type { Segment } from '../records.js';

const MAX_KEY_BYTES = 1024;

/** PUT of an object. The conditions are checked before the body, to spare it, and again in the step that commits. */
export async function putObject(exchange: Exchange): Promise<Answer> {
  const { storage, key } = exchange;
  requireKey(key);
  const conditions = readConditions(exchange);
  const bucket = storage.bucket(exchange.bucket);
  requireConditions(bucket.objects.get(key), conditions);
  const { segment, facts } = await receiveSegment(exchange, bucket);
  const eTag = facts.md5.toString('hex');
  await commitOrDrop(exchange, { bucket, segments: [segment] }, () => {
    requireConditions(bucket.objects.get(key), conditions);
    storage.put(bucket, {
      key,
      createdBy: 'Put',
      segments: [segment],
      size: facts.size,
      eTag,
      atMs: exchange.nowMs(),
      checksums: facts.checksums,
      ...readAttributes(exchange),
    });
  });
  return { status: 200, headers: { etag: quoted(eTag), ...checksumHeaders(facts.checksums) } };
}

/** Writes the request's body into a file of its own; nothing of it remains when the body is not what it claims to be. */
export async function receiveSegment(
  exchange: Exchange,
  bucket: Bucket,
): Promise<{ readonly segment: Segment; readonly facts: BodyFacts }> {
  const draft = await bucket.blobs.draft();
  try {
    const facts = await exchange.body.drainTo((chunk) => draft.write(chunk));
    await draft.finish();
    return { segment: { id: draft.id, size: facts.size }, facts };
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** Runs the commit in one synchronous step and waits until it is settled; drops the files when it refuses. */
export async function commitOrDrop(
  exchange: Exchange,
  written: { readonly bucket: Bucket; readonly segments: readonly Segment[] },
  commit: () => void,
): Promise<void> {
  const { bucket, segments } = written;
  try {
    // The bucket may have been deleted while the body was coming in.
    exchange.storage.bucket(bucket.name);
    commit();
  } catch (error) {
    bucket.blobs.drop(segments);
    throw error;
  }
  await bucket.settle();
}

/** The conditions that a write carries. */
export function readConditions(exchange: Exchange): Conditions {
  return { ifMatch: exchange.header('if-match'), ifNoneMatch: exchange.header('if-none-match') };
}

/** Throws KeyTooLongError for keys that S3 would refuse. */
export function requireKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Fault(400, 'KeyTooLongError', 'Your key is too long');
}
