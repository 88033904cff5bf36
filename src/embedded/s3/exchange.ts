import type { RequestBody } from './body.js';
import type { Bucket } from './bucket.js';
import type { Segment } from './records.js';
import type { Storage } from './storage.js';
import { xmlDocument } from './xml.js';

/** One verified request, as the operations see it. */
export interface Exchange {
  readonly method: string;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** The value of a header; several of a name are joined by a comma. */
  header(name: string): string | undefined;
  /** All headers whose name begins so, without the beginning. */
  headersUnder(prefix: string): readonly (readonly [string, string])[];
  readonly body: RequestBody;
  readonly storage: Storage;
  readonly region: string;
  /** Where the endpoint is reached, without a closing slash. */
  readonly url: string;
  nowMs(): number;
}

/** Bytes of an object, held until the answer has been sent. */
export interface ObjectBytes {
  readonly bucket: Bucket;
  readonly segments: readonly Segment[];
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly release: () => void;
}

/** What an operation answers; the server sends it. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly text?: string;
  readonly bytes?: ObjectBytes;
}

export type Operation = (exchange: Exchange) => Promise<Answer> | Answer;

/** An answer that carries an XML document. */
export function xmlAnswer(root: string, inner: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, text: xmlDocument(root, inner) };
}

/** An eTag as headers and documents carry it. */
export function quoted(eTag: string): string {
  return `"${eTag}"`;
}
