import type { Exchange } from './exchange.js';
import { S3Fault, faults } from './fault.js';
import type { Checksums } from './body.js';
import type { Attributes } from './records.js';
import { readElements, readText } from './xml.js';

const KEPT_HEADERS = ['cache-control', 'content-disposition', 'content-language', 'expires'] as const;
const MAX_TAGS = 10;

/** What the request's headers say of the object besides its bytes. */
export function readAttributes(exchange: Exchange): Attributes {
  const headers: [string, string][] = [];
  for (const name of KEPT_HEADERS) {
    const value = exchange.header(name);
    if (value !== undefined) headers.push([name, value]);
  }
  // aws-chunked describes the request, not the object.
  const encodings = (exchange.header('content-encoding') ?? '').split(',').map((item) => item.trim());
  const encoding = encodings.filter((item) => item !== '' && item !== 'aws-chunked').join(',');
  if (encoding !== '') headers.push(['content-encoding', encoding]);
  return {
    contentType: exchange.header('content-type') ?? 'binary/octet-stream',
    headers,
    metadata: exchange.headersUnder('x-amz-meta-').map(([name, value]) => [name, value] as const),
    tags: [...new URLSearchParams(exchange.header('x-amz-tagging') ?? '')],
  };
}

/** The tags of a Tagging document. */
export function readTags(xml: string): Attributes['tags'] {
  const tags = readElements(xml, 'Tag').map((tag): readonly [string, string] => {
    const [name, value] = [readText(tag, 'Key'), readText(tag, 'Value')];
    if (name === undefined || value === undefined) throw faults.malformedXml();
    return [name, value];
  });
  if (tags.length > MAX_TAGS) throw new S3Fault(400, 'BadRequest', 'Object tags cannot be greater than 10');
  if (new Set(tags.map(([name]) => name)).size < tags.length)
    throw new S3Fault(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key');
  return tags;
}

/** The headers that tell an object's checksums. */
export function checksumHeaders(checksums: Checksums): Record<string, string> {
  const entries = Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value] as const);
  if (entries.length === 0) return {};
  return { ...Object.fromEntries(entries), 'x-amz-checksum-type': 'FULL_OBJECT' };
}
