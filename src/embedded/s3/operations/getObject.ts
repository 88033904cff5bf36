import { checksumHeaders } from '../attributes.js';
import { matchesTag } from '../bucket.js';
import { type Answer, type Exchange, quoted } from '../exchange.js';
import { S3Fault, faults } from '../fault.js';
import type { ObjectRecord } from '../records.js';

interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** GET and HEAD of an object, whole or one range, with If-Match and If-None-Match. */
export function getObject(exchange: Exchange): Answer {
  const bucket = exchange.storage.bucket(exchange.bucket);
  const object = bucket.requireObject(exchange.key);
  const [ifMatch, ifNoneMatch] = [exchange.header('if-match'), exchange.header('if-none-match')];
  if (ifMatch !== undefined && !matchesTag(ifMatch, object.eTag)) throw faults.preconditionFailed();
  if (ifNoneMatch !== undefined && matchesTag(ifNoneMatch, object.eTag))
    return { status: 304, headers: { etag: quoted(object.eTag) } };
  const range = parseRange(exchange.header('range'), object.size);
  const { start, end } = range ?? { start: 0, end: object.size };
  const headers: Record<string, string | number> = { ...objectHeaders(object), 'content-length': end - start };
  if (range !== undefined) headers['content-range'] = `bytes ${start}-${end - 1}/${object.size}`;
  else if (exchange.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED')
    Object.assign(headers, checksumHeaders(object.checksums));
  const answer = { status: range === undefined ? 200 : 206, headers };
  if (exchange.method === 'HEAD' || start === end) return answer;
  const release = bucket.blobs.hold(object.segments);
  return { ...answer, bytes: { bucket, segments: object.segments, start, end, release } };
}

/** One range of `bytes=a-b`, `bytes=a-` or `bytes=-n`; undefined where there is none or its form is unknown (RFC 9110, 14.2). */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= end) throw new S3Fault(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { start, end };
}

function objectHeaders(object: ObjectRecord): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    etag: quoted(object.eTag),
    'last-modified': new Date(object.atMs).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
  };
  for (const [name, value] of object.headers) headers[name] = value;
  for (const [name, value] of object.metadata) headers[`x-amz-meta-${name}`] = value;
  if (object.tags.length > 0) headers['x-amz-tagging-count'] = object.tags.length;
  return headers;
}
