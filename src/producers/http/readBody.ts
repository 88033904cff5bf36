import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../../shared/errors.js';

/** A body over this is refused. S3 sends at most 64 KB, SNS 256 KB. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Bytes that are read for nothing, so that a sender who is refused meets the answer and not a cut connection. */
const DRAIN_BYTES = 4 * 1024 * 1024;

/**
 * Reads a request's raw body of at most 256 KiB, and keeps no more than that in memory. Throws EVENT_TOO_LARGE, EVENT_MALFORMED for a
 * compressed one; rejects when the connection ends before the body does.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new SluiceError('EVENT_MALFORMED', 'expected a body without content-encoding');
  const chunks = await collect(request, MAX_BODY_BYTES);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** By events: an async iterator costs as much as all the rest of a request. What is left of a body that is too large stays unread. */
function collect(request: IncomingMessage, maxBytes: number): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (end: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      end();
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      request.pause();
      settle(() => reject(new SluiceError('EVENT_TOO_LARGE', `expected at most ${maxBytes} bytes, got more`)));
    };
    const onEnd = () => settle(() => resolve(chunks));
    const onCut = () => settle(() => reject(new Error('the connection ended before the body did')));
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/** A body's bytes as text. Throws EVENT_NOT_JSON when they are no UTF-8. */
export function decodeBody(bytes: Buffer): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new SluiceError('EVENT_NOT_JSON', 'expected UTF-8, got other bytes');
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true });

/** Reads what is left of a body that is refused, up to 4 MiB. Never rejects. */
export async function drainBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(request)) {
      bytes += chunk.length;
      if (bytes > DRAIN_BYTES) return;
    }
  } catch {
    // The sender hung up: nobody is left to be polite to.
  }
}

/** A plain `for await` over the request would destroy the connection at its end, before an answer could be written. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  for await (const chunk of request.iterator({ destroyOnReturn: false })) if (Buffer.isBuffer(chunk)) yield chunk;
}
