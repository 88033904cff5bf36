import { createHash } from 'node:crypto';
import { Crc32, Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';

const PREFIX = 'x-amz-checksum-';
const CRCS = { crc32: Crc32, crc32c: Crc32c, crc64nvme: Crc64Nvme } as const;

/**
 * Compares a whole body with the checksum that the store keeps of it: undefined when they agree or there is none to compare
 * (one of a multipart upload is over its parts' checksums), else what is wrong. `sha256` (hex) is that of the body.
 */
export async function bodyFault(
  headers: Readonly<Record<string, unknown>>,
  chunks: readonly Buffer[],
  sha256: string,
): Promise<string | undefined> {
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(PREFIX) || header === `${PREFIX}type` || typeof value !== 'string') continue;
    if (value.includes('-')) continue;
    const name = header.slice(PREFIX.length);
    const found = await checksumOf(name, chunks, sha256);
    if (found === undefined) return `expected a checksum that is known here, got ${name}`;
    if (found !== value) return `expected the ${name} ${value} of the body, got ${found}`;
  }
  return undefined;
}

/** Base64; undefined for an unknown one. */
async function checksumOf(name: string, chunks: readonly Buffer[], sha256: string): Promise<string | undefined> {
  if (name === 'sha256') return Buffer.from(sha256, 'hex').toString('base64');
  if (name === 'sha1') {
    const hash = createHash('sha1');
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest('base64');
  }
  if (!isCrc(name)) return undefined;
  const crc = new CRCS[name]();
  for (const chunk of chunks) crc.update(chunk);
  return Buffer.from(await crc.digest()).toString('base64');
}

function isCrc(name: string): name is keyof typeof CRCS {
  return Object.hasOwn(CRCS, name);
}
