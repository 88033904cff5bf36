import { createHash, randomBytes } from 'node:crypto';
import { checksumHeaders, readAttributes } from '../attributes.js';
import { type Upload, requireConditions } from '../bucket.js';
import { type Answer, type Exchange, quoted, xmlAnswer } from '../exchange.js';
import { S3Fault, faults } from '../fault.js';
import type { PartRecord } from '../records.js';
import { element, readElements, readText } from '../xml.js';
import { readConditions, receiveSegment, requireKey } from './putObject.js';

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** POST ?uploads: begins an upload, which survives a restart. */
export async function startUpload(exchange: Exchange): Promise<Answer> {
  requireKey(exchange.key);
  const bucket = exchange.storage.bucket(exchange.bucket);
  const id = randomBytes(16).toString('hex');
  const record = { id, key: exchange.key, atMs: exchange.nowMs(), ...readAttributes(exchange) };
  bucket.commit({ op: 'upload', upload: record });
  await bucket.settle();
  const names = element('Bucket', bucket.name) + element('Key', exchange.key);
  return xmlAnswer('InitiateMultipartUploadResult', names + element('UploadId', id));
}

/** PUT ?partNumber&uploadId: one part; a part sent again replaces the one before. */
export async function uploadPart(exchange: Exchange): Promise<Answer> {
  if (exchange.header('x-amz-copy-source') !== undefined) throw faults.notImplemented('UploadPartCopy');
  const bucket = exchange.storage.bucket(exchange.bucket);
  const number = Number(exchange.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS)
    throw new S3Fault(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  const uploadId = exchange.query.get('uploadId');
  bucket.requireUpload(uploadId, exchange.key);
  const { segment, facts } = await receiveSegment(exchange, bucket);
  const eTag = facts.md5.toString('hex');
  try {
    const { record } = bucket.requireUpload(uploadId, exchange.key);
    const part = { number, segment, eTag, atMs: exchange.nowMs(), checksums: facts.checksums };
    bucket.commit({ op: 'part', upload: record.id, part });
  } catch (error) {
    bucket.blobs.drop([segment]);
    throw error;
  }
  await bucket.settle();
  return { status: 200, headers: { etag: quoted(eTag), ...checksumHeaders(facts.checksums) } };
}

/** POST ?uploadId: the object becomes the parts laid end to end, in one step; no byte is copied. */
export async function completeUpload(exchange: Exchange): Promise<Answer> {
  const { storage, key, query } = exchange;
  const xml = await exchange.body.text();
  const bucket = storage.bucket(exchange.bucket);
  const upload = bucket.requireUpload(query.get('uploadId'), key);
  const parts = chooseParts(upload, xml);
  requireConditions(bucket.objects.get(key), readConditions(exchange));
  const md5 = createHash('md5');
  for (const part of parts) md5.update(Buffer.from(part.eTag, 'hex'));
  const eTag = `${md5.digest('hex')}-${parts.length}`;
  const { contentType, headers, metadata, tags, id } = upload.record;
  const segments = parts.map((part) => part.segment);
  const size = segments.reduce((sum, segment) => sum + segment.size, 0);
  const attributes = { contentType, headers, metadata, tags, checksums: {} };
  const facts = { key, createdBy: 'CompleteMultipartUpload' as const, atMs: exchange.nowMs() };
  storage.put(bucket, { ...facts, segments, size, eTag, ...attributes }, id);
  await bucket.settle();
  const place = element('Location', `${exchange.url}/${bucket.name}/${key}`) + element('Bucket', bucket.name);
  return xmlAnswer('CompleteMultipartUploadResult', place + element('Key', key) + element('ETag', quoted(eTag)));
}

/** DELETE ?uploadId: forgets the upload and its parts. */
export async function abortUpload(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.storage.bucket(exchange.bucket);
  const { record } = bucket.requireUpload(exchange.query.get('uploadId'), exchange.key);
  bucket.commit({ op: 'abort', upload: record.id });
  await bucket.settle();
  return { status: 204 };
}

/** GET ?uploadId: the parts so far, at most 10,000, on one page. */
export function listParts(exchange: Exchange): Answer {
  const bucket = exchange.storage.bucket(exchange.bucket);
  const { record, parts } = bucket.requireUpload(exchange.query.get('uploadId'), exchange.key);
  const names = element('Bucket', bucket.name) + element('Key', record.key) + element('UploadId', record.id);
  const rows = [...parts.values()].sort((a, b) => a.number - b.number).map(partXml);
  return xmlAnswer('ListPartsResult', `${names}${element('IsTruncated', false)}${rows.join('')}`);
}

/** GET ?uploads of a bucket: the uploads under way, on one page. */
export function listUploads(exchange: Exchange): Answer {
  const bucket = exchange.storage.bucket(exchange.bucket);
  const rows = [...bucket.uploads.values()].map(({ record }) => {
    const started = element('Initiated', new Date(record.atMs).toISOString());
    return `<Upload>${element('Key', record.key)}${element('UploadId', record.id)}${started}</Upload>`;
  });
  const head = element('Bucket', bucket.name) + element('IsTruncated', false);
  return xmlAnswer('ListMultipartUploadsResult', head + rows.join(''));
}

function chooseParts(upload: Upload, xml: string): PartRecord[] {
  const claims = readElements(xml, 'Part');
  if (claims.length === 0) throw faults.malformedXml();
  let previous = 0;
  return claims.map((claim, index) => {
    const part = upload.parts.get(Number(readText(claim, 'PartNumber')));
    const eTag = readText(claim, 'ETag')?.replaceAll('"', '');
    if (part === undefined || part.eTag !== eTag)
      throw new S3Fault(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    if (part.number <= previous)
      throw new S3Fault(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    if (index < claims.length - 1 && part.segment.size < MIN_PART_BYTES)
      throw new S3Fault(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    previous = part.number;
    return part;
  });
}

function partXml(part: PartRecord): string {
  const changed = element('LastModified', new Date(part.atMs).toISOString());
  const facts = element('ETag', quoted(part.eTag)) + element('Size', part.segment.size);
  return `<Part>${element('PartNumber', part.number)}${changed}${facts}</Part>`;
}
