import { type Hash, createHash } from 'node:crypto';
import { S3Fault, faults } from './fault.js';
import { type ChunkKey, chunkSignature, sameText, trailerSignature } from './signature.js';

const MAX_LINE_BYTES = 4096;
const MAX_TRAILERS = 16;

/** An aws-chunked body being read: the data as it comes, and the trailers once the data has ended. */
export interface ChunkedBody {
  readonly data: AsyncIterable<Buffer>;
  /** Names in lower case. Filled when `data` has ended. */
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * Decodes an aws-chunked body: `size-in-hex[;chunk-signature=hex]\r\n data \r\n ... 0\r\n trailers \r\n\r\n`
 * (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html). With a key every chunk's signature, and that of the
 * trailers, is verified: SignatureDoesNotMatch where it differs. A body that ends early is IncompleteBody.
 */
export function decodeChunks(source: AsyncIterable<Buffer>, key?: ChunkKey): ChunkedBody {
  const trailers = new Map<string, string>();
  return { data: readData(new ByteReader(source), trailers, key), trailers };
}

async function* readData(
  reader: ByteReader,
  trailers: Map<string, string>,
  key: ChunkKey | undefined,
): AsyncGenerator<Buffer> {
  let signature = key?.seed ?? '';
  for (;;) {
    const chunk = parseChunkHead(await reader.line());
    const hash = key === undefined ? undefined : createHash('sha256');
    for await (const data of reader.exactly(chunk.size)) {
      hash?.update(data);
      yield data;
    }
    if (key !== undefined && hash !== undefined) signature = nextSignature(key, { signature, hash, chunk });
    if (chunk.size === 0) break;
    if ((await reader.line()) !== '') throw new S3Fault(400, 'InvalidRequest', 'A chunk is longer than it says.');
  }
  await readTrailers(reader, trailers);
  if (key !== undefined && trailers.size > 0) verifyTrailers(key, signature, trailers);
}

function parseChunkHead(line: string): { readonly size: number; readonly signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?\s*$/.exec(line);
  if (match === null) throw new S3Fault(400, 'InvalidRequest', 'A chunk does not begin with its size in hexadecimal.');
  return { size: parseInt(match[1] ?? '0', 16), signature: match[2] };
}

function nextSignature(
  key: ChunkKey,
  read: { readonly signature: string; readonly hash: Hash; readonly chunk: { readonly signature: string | undefined } },
): string {
  const expected = chunkSignature(key, read.signature, read.hash.digest('hex'));
  if (read.chunk.signature === undefined || !sameText(expected, read.chunk.signature)) throw signatureFault('chunk');
  return expected;
}

async function readTrailers(reader: ByteReader, trailers: Map<string, string>): Promise<void> {
  for (let line = await reader.lastLine(); line !== ''; line = await reader.lastLine()) {
    const colon = line.indexOf(':');
    if (colon <= 0 || trailers.size >= MAX_TRAILERS) throw new S3Fault(400, 'MalformedTrailerError');
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

function verifyTrailers(key: ChunkKey, previous: string, trailers: ReadonlyMap<string, string>): void {
  const hash = createHash('sha256');
  for (const [name, value] of trailers) if (name !== 'x-amz-trailer-signature') hash.update(`${name}:${value}\n`);
  const expected = trailerSignature(key, previous, hash.digest('hex'));
  if (!sameText(expected, trailers.get('x-amz-trailer-signature') ?? '')) throw signatureFault('trailer');
}

function signatureFault(part: string): S3Fault {
  return new S3Fault(403, 'SignatureDoesNotMatch', `The ${part} signature does not match the one we calculated.`);
}

/** Reads lines and counted bytes from a stream of buffers, holding at most one buffer and a line. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next line without its CRLF. */
  async line(): Promise<string> {
    const line = await this.#nextLine();
    if (line === undefined) throw faults.incompleteBody();
    return line;
  }

  /** As `line`, but the end of the stream is an empty line: senders differ in how they end a body without trailers. */
  async lastLine(): Promise<string> {
    return (await this.#nextLine()) ?? '';
  }

  async *exactly(bytes: number): AsyncGenerator<Buffer> {
    let left = bytes;
    while (left > 0) {
      if (this.#held.length === 0 && !(await this.#fill())) throw faults.incompleteBody();
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #nextLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#held.toString('latin1', 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      if (this.#held.length > MAX_LINE_BYTES) throw new S3Fault(400, 'InvalidRequest', 'A chunk header is too long.');
      if (!(await this.#fill())) return undefined;
    }
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }
}
