import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'notText' };

/** Bytes that are read for nothing, so that a sender who is refused meets the answer and not a cut connection. */
const DRAIN_BYTES = 4 * 1024 * 1024;

/**
 * Reads a request's body as UTF-8 text of at most `limitBytes`, and keeps no more than that in memory. Rejects when the connection ends
 * before the body does.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length;
    if (bytes > limitBytes) return { kind: 'tooLarge' };
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks));
}

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

function decode(bytes: Buffer): Body {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { kind: 'notText' };
  }
}
