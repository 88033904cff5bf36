import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openBody } from './body.js';
import type { Answer, Exchange, ObjectBytes } from './exchange.js';
import { S3Fault } from './fault.js';
import { findOperation } from './routes.js';
import { type Credentials, verifySignature } from './signature.js';
import type { Storage } from './storage.js';
import { element } from './xml.js';

/** What all requests of an endpoint share. */
export interface Context {
  readonly storage: Storage;
  readonly credentials: Credentials;
  readonly region: string;
  /** Known once the endpoint listens. */
  url: string;
  nowMs(): number;
}

/** One request and its response. `onBody` runs before the body is read. */
export interface Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly onBody?: () => void;
}

let lastRequest = 0;

/** Verifies, performs and answers one request; never rejects. */
export async function handleRequest(context: Context, message: Message): Promise<void> {
  const { request, response } = message;
  const requestId = (++lastRequest).toString(16).toUpperCase().padStart(16, '0');
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('server', 'sluice');
  let answer: Answer;
  try {
    const exchange = openExchange(context, message);
    answer = await findOperation(exchange)(exchange);
  } catch (error) {
    answer = faultAnswer(error, { resource: request.url ?? '', requestId });
  }
  try {
    await sendAnswer(message, answer);
  } catch {
    // The client is gone, or a file could not be read: a cut connection is the only honest answer left.
    response.destroy();
  } finally {
    answer.bytes?.release();
  }
}

function openExchange(context: Context, { request, onBody }: Message): Exchange {
  const { storage, credentials, region, url } = context;
  const target = request.url ?? '/';
  const question = target.indexOf('?');
  const rawPath = question < 0 ? target : target.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : target.slice(question));
  const headers = joinHeaders(request);
  const method = request.method ?? 'GET';
  const signature = verifySignature({ method, rawPath, query, headers }, { credentials, nowMs: context.nowMs() });
  return {
    method,
    ...parsePath(rawPath),
    query,
    header: (name) => headers[name],
    headersUnder: (prefix) =>
      Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith(prefix) && value !== undefined ? [[name.slice(prefix.length), value] as const] : [],
      ),
    body: openBody(request, signature, onBody ?? (() => {})),
    storage,
    region,
    url,
    nowMs: context.nowMs,
  };
}

async function sendAnswer({ request, response }: Message, answer: Answer): Promise<void> {
  const { status, headers = {}, text, bytes } = answer;
  // Nothing of a refused body is read: the connection ends with the answer, so the rest cannot be taken for a request.
  if (!request.complete) response.setHeader('connection', 'close');
  const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
  if (text === undefined && bytes === undefined && hasBody && headers['content-length'] === undefined)
    response.setHeader('content-length', 0);
  if (text !== undefined) response.setHeader('content-length', Buffer.byteLength(text));
  response.writeHead(status, { ...headers });
  if (bytes !== undefined) return sendBytes(response, bytes);
  response.end(hasBody ? text : undefined);
  if (!request.complete) request.resume();
}

function sendBytes(response: ServerResponse, { bucket, segments, start, end }: ObjectBytes): Promise<void> {
  const source = Readable.from(bucket.blobs.read(segments, start, end), { objectMode: false });
  return pipeline(source, response);
}

function faultAnswer(error: unknown, place: { readonly resource: string; readonly requestId: string }): Answer {
  const fault =
    error instanceof S3Fault
      ? error
      : new S3Fault(500, 'InternalError', error instanceof Error ? error.message : String(error));
  const facts = element('Resource', place.resource.split('?')[0] ?? '') + element('RequestId', place.requestId);
  const inner = element('Code', fault.code) + element('Message', fault.message) + facts;
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}</Error>`;
  return { status: fault.status, headers: { 'content-type': 'application/xml' }, text };
}

/** Path style only: /bucket/key, percent-encoded. */
function parsePath(rawPath: string): { readonly bucket: string; readonly key: string } {
  const slash = rawPath.indexOf('/', 1);
  try {
    return {
      bucket: decodeURIComponent(slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash)),
      key: slash < 0 ? '' : decodeURIComponent(rawPath.slice(slash + 1)),
    };
  } catch {
    throw new S3Fault(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}

function joinHeaders(request: IncomingMessage): Record<string, string | undefined> {
  const joined: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    joined[name] = Array.isArray(value) ? value.join(',') : value;
  return joined;
}
