import { type IncomingMessage, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { encodeSigned, type SigningPlace, signGet } from './s3Sign.js';

/** A whole object of known size and version. */
export interface LeanRequest {
  readonly key: string;
  readonly size: number;
  readonly eTag?: string | undefined;
  readonly versionId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A body that came whole, as long as it was expected to be. */
export interface LeanAnswer {
  readonly chunks: readonly Buffer[];
  readonly headers: Readonly<Record<string, unknown>>;
}

const SILENCE_MS = 15_000;
/** Answers that tell something of the object, not of the way to the store. */
const OF_OBJECT = new Set([404, 412]);

/** Where the bucket is, as the SDK's own request showed it. */
interface Place {
  readonly protocol: 'http:' | 'https:';
  readonly hostname: string;
  readonly port: number | undefined;
  readonly host: string;
  /** What stands before an object's key. */
  readonly basePath: string;
  readonly region: string;
}

const sentSchema = z.object({
  protocol: z.enum(['http:', 'https:']),
  hostname: z.string(),
  port: z.number().optional(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
});

/**
 * GETs of small objects past the SDK, whose layers cost more than the bytes: a signature and one request over a kept
 * connection. It goes where the SDK's last GET went, with the SDK's credentials, and only a whole answer counts:
 * after anything else the caller asks by the SDK, which repeats, waits and tells what is wrong.
 */
export class LeanGets {
  readonly #agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
  #place: Place | undefined;

  constructor(private readonly client: S3Client) {}

  /** Learns from the SDK's way of sending this command, unless the way is known. */
  learnFrom(command: GetObjectCommand, key: string): void {
    if (this.#place !== undefined) return;
    const options = { step: 'deserialize', name: 'learnPlace' } as const;
    command.middlewareStack.add(
      (next) => async (sent) => {
        const answer = await next(sent);
        this.#place = readPlace(sent.request, key);
        return answer;
      },
      options,
    );
  }

  /** The object's bytes; undefined when the SDK has to be asked. Throws only the signal's reason. */
  async get({ key, size, eTag, versionId, signal }: LeanRequest): Promise<LeanAnswer | undefined> {
    const place = this.#place;
    if (place === undefined) return undefined;
    try {
      const { credentials, systemClockOffset = 0 } = this.client.config;
      const path = `${place.basePath}${key.split('/').map(encodeSigned).join('/')}`;
      const query = versionId === undefined ? '' : `versionId=${encodeSigned(versionId)}`;
      const headers = {
        host: place.host,
        'x-amz-checksum-mode': 'ENABLED',
        ...(eTag === undefined ? {} : { 'if-match': `"${eTag.replaceAll('"', '')}"` }),
      };
      const signing: SigningPlace = { region: place.region, credentials: await credentials() };
      const signed = signGet({ path, query, headers }, signing, new Date(Date.now() + systemClockOffset));
      signal?.throwIfAborted();
      const answer = await this.#send(place, {
        path: query === '' ? path : `${path}?${query}`,
        headers: signed,
        signal,
      });
      if (answer.statusCode === 200) return await readWhole(answer, size);
      answer.resume();
      if (!OF_OBJECT.has(answer.statusCode ?? 0)) this.#forget(place);
    } catch {
      signal?.throwIfAborted();
      this.#forget(place);
    }
    return undefined;
  }

  /** The next GET of the SDK shows the way again. */
  #forget(place: Place): void {
    if (this.#place === place) this.#place = undefined;
  }

  #send(
    { protocol, hostname, port }: Place,
    {
      path,
      headers,
      signal,
    }: { path: string; headers: Readonly<Record<string, string>>; signal: AbortSignal | undefined },
  ): Promise<IncomingMessage> {
    const send = protocol === 'http:' ? httpRequest : httpsRequest;
    return new Promise((resolve, reject) => {
      const request = send({ hostname, port, path, headers, agent: this.#agents[protocol], timeout: SILENCE_MS });
      const stop = () => void request.destroy(new Error('stopped'));
      signal?.addEventListener('abort', stop, { once: true });
      request.once('close', () => signal?.removeEventListener('abort', stop));
      request.once('timeout', stop);
      request.on('error', reject);
      request.once('response', resolve);
      request.end();
    });
  }
}

/** Undefined where the way is not one that this can go: another signature, a session of its own, a key that was changed. */
function readPlace(request: unknown, key: string): Place | undefined {
  const sent = sentSchema.safeParse(request).data;
  if (sent === undefined) return undefined;
  const { protocol, hostname, port, path, headers } = sent;
  const region = /^AWS4-HMAC-SHA256 Credential=[^,]*\/\d{8}\/([^/]+)\/s3\/aws4_request,/.exec(
    headers['authorization'] ?? '',
  )?.[1];
  const end = key.split('/').map(encodeSigned).join('/');
  const { host } = headers;
  if (region === undefined || host === undefined || !path.endsWith(`/${end}`)) return undefined;
  if (headers['x-amz-s3session-token'] !== undefined) return undefined;
  return { protocol, hostname, port, host, region, basePath: path.slice(0, path.length - end.length) };
}

/** Throws when the body is not of that size, or breaks off. */
function readWhole(answer: IncomingMessage, size: number): Promise<LeanAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > size) answer.destroy();
      else chunks.push(chunk);
    });
    answer.once('end', () => {
      if (bytes === size && answer.complete) resolve({ chunks, headers: answer.headers });
      else reject(new Error(`expected ${size} bytes of body, got ${bytes}`));
    });
    answer.on('error', reject);
    answer.once('close', () => reject(new Error('the body broke off')));
  });
}
