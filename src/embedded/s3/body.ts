import { type Hash, createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CHECKSUM_NAMES, type Checksum, type ChecksumName, createChecksum } from './checksums.js';
import { decodeChunks } from './chunks.js';
import { S3Fault, faults } from './fault.js';
import type { VerifiedSignature } from './signature.js';

const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** A checksum by name, base64. */
export type Checksums = Readonly<Partial<Record<ChecksumName, string>>>;

/** What a body turned out to be, once it has been read and found to match everything the request said of it. */
export interface BodyFacts {
  readonly size: number;
  readonly md5: Buffer;
  readonly checksums: Checksums;
}

/** The body of one request: decoded, and verified at its end. */
export interface RequestBody {
  /**
   * Streams the data into `take` and verifies length, Content-MD5, payload hash, chunk signatures and checksums at the
   * end. Throws IncompleteBody, BadDigest, XAmzContentSHA256Mismatch or SignatureDoesNotMatch; then nothing may be kept.
   */
  drainTo(take: (chunk: Buffer) => Promise<void> | void): Promise<BodyFacts>;
  /** The whole body as text (at most 8 MiB), verified likewise. */
  text(): Promise<string>;
}

/** `onStart` runs once before the first byte is asked for: there the answer to `Expect: 100-continue` is sent. */
export function openBody(request: IncomingMessage, signature: VerifiedSignature, onStart: () => void): RequestBody {
  const drainTo: RequestBody['drainTo'] = async (take) => {
    onStart();
    const { data, trailers } = decode(request, signature);
    const check = new BodyCheck(request, signature.payload);
    for await (const chunk of data) {
      check.update(chunk);
      await take(chunk);
    }
    return check.finish(trailers);
  };
  return {
    drainTo,
    text: async () => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      await drainTo((chunk) => {
        bytes += chunk.length;
        if (bytes > MAX_TEXT_BYTES) throw new S3Fault(400, 'MaxMessageLengthExceeded', 'Your request was too big.');
        chunks.push(chunk);
      });
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

function decode(request: IncomingMessage, { payload, chunks }: VerifiedSignature) {
  // Leaving the plain iterator early would destroy the socket, and the fault could not be answered.
  const source: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
  switch (payload) {
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return decodeChunks(source);
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return decodeChunks(source, chunks);
    default:
      if (payload.startsWith('STREAMING-')) throw faults.notImplemented(payload);
      return { data: source, trailers: new Map<string, string>() };
  }
}

/** Everything the headers and trailers claim about a body, compared with the body. */
class BodyCheck {
  readonly #request: IncomingMessage;
  readonly #payload: string;
  readonly #md5 = createHash('md5');
  readonly #sha256: Hash | undefined;
  readonly #checksums = new Map<ChecksumName, Checksum>();
  #size = 0;

  constructor(request: IncomingMessage, payload: string) {
    this.#request = request;
    this.#payload = payload;
    this.#sha256 = /^[0-9a-f]{64}$/.test(payload) ? createHash('sha256') : undefined;
    for (const name of CHECKSUM_NAMES) if (this.#isClaimed(name)) this.#checksums.set(name, createChecksum(name));
    if (this.#checksums.size === 0) this.#checksums.set('crc32', createChecksum('crc32'));
  }

  update(chunk: Buffer): void {
    this.#size += chunk.length;
    this.#md5.update(chunk);
    this.#sha256?.update(chunk);
    for (const checksum of this.#checksums.values()) checksum.update(chunk);
  }

  finish(trailers: ReadonlyMap<string, string>): BodyFacts {
    const length = this.#header('x-amz-decoded-content-length') ?? this.#header('content-length');
    if (length !== undefined && Number(length) !== this.#size) throw faults.incompleteBody();
    for (const name of this.#announcedTrailers())
      if (!trailers.has(name)) throw new S3Fault(400, 'MalformedTrailerError', `The trailer ${name} did not come.`);
    if (this.#sha256 !== undefined && this.#sha256.digest('hex') !== this.#payload) {
      throw new S3Fault(
        400,
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    const md5 = this.#md5.digest();
    const claimedMd5 = this.#header('content-md5');
    if (claimedMd5 !== undefined && claimedMd5 !== md5.toString('base64')) throw faults.badDigest('Content-MD5');
    return { size: this.#size, md5, checksums: this.#verifyChecksums(trailers) };
  }

  #verifyChecksums(trailers: ReadonlyMap<string, string>): Checksums {
    const found: Partial<Record<ChecksumName, string>> = {};
    for (const [name, checksum] of this.#checksums) {
      const value = checksum.digest();
      const header = `x-amz-checksum-${name}`;
      const claimed = this.#header(header) ?? trailers.get(header);
      if (claimed !== undefined && claimed !== value) throw faults.badDigest(name.toUpperCase());
      found[name] = value;
    }
    return found;
  }

  #isClaimed(name: ChecksumName): boolean {
    const header = `x-amz-checksum-${name}`;
    if (this.#header(header) !== undefined || this.#announcedTrailers().includes(header)) return true;
    return this.#header('x-amz-sdk-checksum-algorithm')?.toLowerCase() === name;
  }

  #announcedTrailers(): string[] {
    const names = (this.#header('x-amz-trailer') ?? '').split(',').map((name) => name.trim().toLowerCase());
    return names.filter((name) => name !== '');
  }

  #header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  }
}
