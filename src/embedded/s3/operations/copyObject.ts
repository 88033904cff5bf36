import { readAttributes } from '../attributes.js';
import { matchesTag, requireConditions } from '../bucket.js';
import { type Answer, type Exchange, quoted, xmlAnswer } from '../exchange.js';
import { S3Fault, faults } from '../fault.js';
import type { Attributes, ObjectRecord } from '../records.js';
import { element } from '../xml.js';
import { commitOrDrop, readConditions, requireKey } from './putObject.js';

/** PUT with x-amz-copy-source: the same bytes under another key, in this bucket or another. */
export async function copyObject(exchange: Exchange): Promise<Answer> {
  const { storage, key } = exchange;
  requireKey(key);
  const target = storage.bucket(exchange.bucket);
  const source = readSource(exchange.header('x-amz-copy-source') ?? '');
  const from = storage.bucket(source.bucket);
  const object = from.requireObject(source.key);
  const ifMatch = exchange.header('x-amz-copy-source-if-match');
  if (ifMatch !== undefined && !matchesTag(ifMatch, object.eTag)) throw faults.preconditionFailed();
  const attributes = chooseAttributes(exchange, object);
  const release = from.blobs.hold(object.segments);
  const copies = Promise.all(object.segments.map((segment) => target.blobs.copy(segment, from.blobs)));
  const segments = await copies.finally(release);
  const atMs = exchange.nowMs();
  await commitOrDrop(exchange, { bucket: target, segments }, () => {
    requireConditions(target.objects.get(key), readConditions(exchange));
    const { size, eTag, checksums } = object;
    storage.put(target, { key, createdBy: 'Copy', segments, size, eTag, checksums, atMs, ...attributes });
  });
  const result = element('LastModified', new Date(atMs).toISOString()) + element('ETag', quoted(object.eTag));
  return xmlAnswer('CopyObjectResult', result);
}

function readSource(header: string): { readonly bucket: string; readonly key: string } {
  const match = /^\/?([^/]+)\/([^?]+)(?:\?.*)?$/.exec(header);
  const [, bucket, encodedKey] = match ?? [];
  if (bucket === undefined || encodedKey === undefined)
    throw new S3Fault(
      400,
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  try {
    return { bucket, key: decodeURIComponent(encodedKey) };
  } catch {
    throw new S3Fault(400, 'InvalidArgument', 'Invalid copy source encoding.');
  }
}

function chooseAttributes(exchange: Exchange, source: ObjectRecord): Attributes {
  const given = readAttributes(exchange);
  const isReplaced = exchange.header('x-amz-metadata-directive') === 'REPLACE';
  const areTagsReplaced = exchange.header('x-amz-tagging-directive') === 'REPLACE';
  const { contentType, headers, metadata } = isReplaced ? given : source;
  return { contentType, headers, metadata, tags: areTagsReplaced ? given.tags : source.tags };
}
