import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';

/** The checksums that S3 knows by header `x-amz-checksum-<name>`. */
export const CHECKSUM_NAMES = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;
export type ChecksumName = (typeof CHECKSUM_NAMES)[number];

/** A running checksum; `digest` is base64 of the big-endian bytes, as the headers carry it. */
export interface Checksum {
  update(chunk: Buffer): void;
  digest(): string;
}

/** A fresh running checksum. */
export function createChecksum(name: ChecksumName): Checksum {
  switch (name) {
    case 'crc32':
      return crc32Checksum();
    case 'crc32c':
      return tableChecksum(CRC32C);
    case 'crc64nvme':
      return crc64Checksum();
    case 'sha1':
    case 'sha256': {
      const hash = createHash(name);
      return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('base64') };
    }
  }
}

/** Reflected polynomials: IEEE 802.3, Castagnoli (RFC 3720), NVMe (NVM command set 1.0, CRC-64/NVME). */
const CRC32 = makeTable(0xedb88320);
const CRC32C = makeTable(0x82f63b78);
const CRC64_HIGH = 0x9a6c9329;
const CRC64_LOW = 0xac4bc9b5;

function crc32Checksum(): Checksum {
  // zlib.crc32 came with Node 20.15.
  if (typeof zlib.crc32 !== 'function') return tableChecksum(CRC32);
  let value = 0;
  return { update: (chunk) => void (value = zlib.crc32(chunk, value)), digest: () => base64Of([value]) };
}

function tableChecksum(table: Uint32Array): Checksum {
  let state = 0xffffffff;
  return {
    update: (chunk) => {
      for (const byte of chunk) state = (state >>> 8) ^ (table[(state ^ byte) & 0xff] ?? 0);
    },
    digest: () => base64Of([~state]),
  };
}

/** 64 bits as two halves: BigInt arithmetic per byte would be twenty times slower. */
function crc64Checksum(): Checksum {
  const { high: highs, low: lows } = crc64Table();
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update: (chunk) => {
      for (const byte of chunk) {
        const entry = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (lows[entry] ?? 0);
        high = (high >>> 8) ^ (highs[entry] ?? 0);
      }
    },
    digest: () => base64Of([~high, ~low]),
  };
}

let crc64: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

function crc64Table() {
  if (crc64 !== undefined) return crc64;
  const table = { high: new Uint32Array(256), low: new Uint32Array(256) };
  for (let index = 0; index < 256; index++) {
    let high = 0;
    let low = index;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high = high >>> 1;
      if (carry === 1) {
        high ^= CRC64_HIGH;
        low ^= CRC64_LOW;
      }
    }
    table.high[index] = high;
    table.low[index] = low;
  }
  crc64 = table;
  return table;
}

function makeTable(polynomial: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    table[index] = value;
  }
  return table;
}

function base64Of(words: readonly number[]): string {
  const bytes = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => bytes.writeUInt32BE(word >>> 0, index * 4));
  return bytes.toString('base64');
}
