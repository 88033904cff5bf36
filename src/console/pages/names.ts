import type { ObjectRow, ObjectState } from '../../shared/ledger/port.js';
import { html, type Html } from '../html.js';

/** The URI of an object for people: `s3://bucket/key`, or the file's own URL. */
export function uriOf({ bucket, key }: Pick<ObjectRow, 'bucket' | 'key'>): string {
  return bucket.startsWith('file:') ? `${bucket.replace(/\/$/, '')}/${key}` : `s3://${bucket}/${key}`;
}

/** The last name of a key; its folders are told elsewhere. */
export function baseName(key: string): string {
  return key.slice(key.lastIndexOf('/', key.length - 2) + 1);
}

/** Text of others, kept from turning the line around it (a key may hold marks that reverse the direction of writing). */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** A state as a word in its colour. */
export function statePill(state: string): Html {
  return html`<span class="pill s-${state}">${state}</span>`;
}

/** A link to an object's page. */
export function objectLink({ object, key }: Pick<ObjectRow, 'object' | 'key'>, text = baseName(key)): Html {
  return html`<a href="/objects/${object}" title="${key}">${foreign(text)}</a>`;
}

/** A link to a batch's page: the last characters of its id, which differ most. */
export function batchLink(batch: string): Html {
  return html`<a class="mono" href="/batches/${batch}" title="batch ${batch}">${batch.slice(-8)}</a>`;
}

/** The gates of a dataset's lane, in their order, and the states that wait at each. */
export const GATES = [
  { name: 'arrived', states: ['arrived'] },
  { name: 'batched', states: ['batched'] },
  { name: 'compacted', states: ['compacted'] },
  { name: 'judged', states: ['held', 'judged'] },
  { name: 'loaded', states: ['loaded'] },
] as const satisfies readonly { readonly name: string; readonly states: readonly ObjectState[] }[];

/** A sentence of the error catalogue, with what stands in backquotes as code. */
export function withCode(sentence: string): Html {
  const parts = sentence.split('`');
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
