import { type Answer, type Exchange, quoted, xmlAnswer } from '../exchange.js';
import { S3Fault } from '../fault.js';
import type { ObjectRecord } from '../records.js';
import { encodeStrict } from '../signature.js';
import type { SortedKeys } from '../sortedKeys.js';
import { compareKeys } from '../../../shared/stores/keys.js';
import { element, escapeXml } from '../xml.js';

const MAX_KEYS = 1000;

/** What to list. */
export interface ListingRequest {
  readonly prefix: string;
  /** Empty for none. */
  readonly delimiter: string;
  /** Keys, and groups of keys, strictly after this one; empty for all. */
  readonly after: string;
  readonly maxKeys: number;
}

/** One page of a listing. */
export interface Listing {
  readonly objects: readonly ObjectRecord[];
  /** The groups: prefix up to and with the delimiter. */
  readonly commonPrefixes: readonly string[];
  /** The last key or group of the page, where there is more after it. */
  readonly next: string | undefined;
}

/** One page of keys in UTF-8 byte order; keys that share a part up to the delimiter become one group. */
export function planListing(keys: SortedKeys<ObjectRecord>, request: ListingRequest): Listing {
  const { prefix, delimiter, after, maxKeys } = request;
  const objects: ObjectRecord[] = [];
  const commonPrefixes: string[] = [];
  const order = keys.ordered();
  let last = '';
  let at = keys.firstNot((key) => compareKeys(key, prefix) < 0 || (after !== '' && compareKeys(key, after) <= 0));
  for (;;) {
    const key = order[at];
    if (key === undefined || !key.startsWith(prefix)) return { objects, commonPrefixes, next: undefined };
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const group = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    const isTold = group !== undefined && after.startsWith(group);
    if (!isTold && objects.length + commonPrefixes.length >= maxKeys)
      return { objects, commonPrefixes, next: maxKeys === 0 ? undefined : last };
    if (group === undefined) {
      const object = keys.get(key);
      if (object !== undefined) objects.push(object);
      last = key;
      at++;
    } else {
      if (!isTold) commonPrefixes.push(group);
      last = group;
      at = keys.firstNot((key) => compareKeys(key, group) < 0 || key.startsWith(group));
    }
  }
}

/** GET of a bucket, version 1 or 2 (list-type=2). */
export function listObjects(exchange: Exchange): Answer {
  const { query, storage } = exchange;
  const isV2 = query.get('list-type') === '2';
  const bucket = storage.bucket(exchange.bucket);
  const request = readRequest(query, isV2);
  const listing = planListing(bucket.objects, request);
  const isUrl = query.get('encoding-type') === 'url';
  const text = isUrl ? encodeKey : escapeXml;
  const parts = [element('Name', bucket.name), `<Prefix>${text(request.prefix)}</Prefix>`];
  if (request.delimiter !== '') parts.push(`<Delimiter>${text(request.delimiter)}</Delimiter>`);
  if (isUrl) parts.push(element('EncodingType', 'url'));
  parts.push(element('MaxKeys', request.maxKeys), element('IsTruncated', listing.next !== undefined));
  if (isV2) parts.push(element('KeyCount', listing.objects.length + listing.commonPrefixes.length));
  if (listing.next !== undefined)
    parts.push(
      isV2
        ? element('NextContinuationToken', encodeToken(listing.next))
        : `<NextMarker>${text(listing.next)}</NextMarker>`,
    );
  for (const object of listing.objects)
    parts.push(`<Contents><Key>${text(object.key)}</Key>${objectXml(object)}</Contents>`);
  for (const group of listing.commonPrefixes)
    parts.push(`<CommonPrefixes><Prefix>${text(group)}</Prefix></CommonPrefixes>`);
  return xmlAnswer('ListBucketResult', parts.join(''));
}

function readRequest(query: URLSearchParams, isV2: boolean): ListingRequest {
  const maxKeys = Number(query.get('max-keys') ?? MAX_KEYS);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new S3Fault(400, 'InvalidArgument', 'max-keys is not a number');
  const token = isV2 ? query.get('continuation-token') : null;
  const start = query.get(isV2 ? 'start-after' : 'marker') ?? '';
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after: token === null ? start : Buffer.from(token, 'base64url').toString('utf8'),
    maxKeys: Math.min(maxKeys, MAX_KEYS),
  };
}

function objectXml(object: ObjectRecord): string {
  const changed = element('LastModified', new Date(object.atMs).toISOString());
  const facts = element('ETag', quoted(object.eTag)) + element('Size', object.size);
  return `${changed}${facts}<StorageClass>STANDARD</StorageClass>`;
}

function encodeToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

/** As S3 encodes keys for encoding-type=url: slashes stay, a space is a plus. */
function encodeKey(key: string): string {
  return encodeStrict(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}
