import type { Readable, Writable } from 'node:stream';
import { SluiceError } from '../errors.js';
import { isFault, type EngineFault } from './messages.js';

/**
 * The bytes of a copy travel in frames: one byte kind, four bytes length (big-endian), the payload.
 * `data` repeats; `end` or `failed` (its payload is the fault as JSON) is the last frame of a copy.
 */
const KINDS = ['data', 'end', 'failed'] as const;
const HEADER_BYTES = 5;

export type Frame =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly fault: EngineFault };

/** Writes a data frame; resolves when its bytes have left, so that their memory may be used again. Errors: ENGINE_DIED. */
export async function writeData(pipe: Writable, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    pipe.cork();
    pipe.write(header('data', bytes.byteLength));
    pipe.write(bytes, (error) => {
      if (error === null || error === undefined) return resolve();
      reject(new SluiceError('ENGINE_DIED', 'expected a reader of the copy, got a closed pipe'));
    });
    pipe.uncork();
  });
}

/** Writes the last frame of a copy. */
export function writeLast(pipe: Writable, fault?: EngineFault): void {
  const payload = Buffer.from(fault === undefined ? '' : JSON.stringify(fault));
  pipe.write(Buffer.concat([header(fault === undefined ? 'end' : 'failed', payload.length), payload]));
}

/** Reads frames off a pipe. A long data frame comes in pieces, each as a data frame of its own. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #dataLeft = 0;

  constructor(readonly pipe: Readable) {}

  /** The next frame. Errors: ENGINE_DIED when the pipe ends. */
  async next(): Promise<Frame> {
    if (this.#dataLeft === 0) {
      const head = await this.#exactly(HEADER_BYTES);
      const length = head.readUInt32BE(1);
      const kind = KINDS[head.readUInt8(0)];
      if (kind === 'end') return { kind };
      if (kind === 'failed') return { kind, fault: parseFault(await this.#exactly(length)) };
      this.#dataLeft = length;
    }
    if (this.#rest.length === 0) this.#rest = await this.#some();
    const bytes = this.#rest.subarray(0, this.#dataLeft);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#dataLeft -= bytes.length;
    return { kind: 'data', bytes };
  }

  async #exactly(length: number): Promise<Buffer> {
    while (this.#rest.length < length) this.#rest = Buffer.concat([this.#rest, await this.#some()]);
    const head = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return head;
  }

  async #some(): Promise<Buffer> {
    for (;;) {
      const chunk: unknown = this.pipe.read();
      if (Buffer.isBuffer(chunk)) return chunk;
      if (this.pipe.readableEnded || this.pipe.destroyed) throw died();
      await readable(this.pipe);
    }
  }
}

function readable(pipe: Readable): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'close', 'error'];
    const settle = () => {
      for (const event of events) pipe.off(event, settle);
      resolve();
    };
    for (const event of events) pipe.on(event, settle);
  });
}

function header(kind: (typeof KINDS)[number], length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt8(KINDS.indexOf(kind), 0);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function parseFault(payload: Buffer): EngineFault {
  const fault: unknown = JSON.parse(payload.toString());
  return isFault(fault)
    ? fault
    : { code: 'INTERNAL', message: 'expected a fault at the end of a copy, got something else' };
}

function died(): SluiceError {
  return new SluiceError('ENGINE_DIED', 'expected more bytes of the copy, got the end of the engine process');
}
