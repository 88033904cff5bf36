import { z } from 'zod';
import {
  fault,
  type IgnoreRule,
  malformed,
  type ParsedEvents,
  shortText,
  sizeField,
  toArrival,
  unquote,
} from './arrival.js';
import { checkKey } from './decodeKey.js';

const eventSchema = z.object({
  'detail-type': shortText.min(1),
  detail: z.object({
    bucket: z.object({ name: shortText.min(1) }),
    object: z.object({
      key: z.string().max(1024),
      size: sizeField,
      etag: shortText.nullish(),
      'version-id': shortText.nullish(),
      sequencer: shortText.nullish(),
    }),
  }),
});

/** `Object Created` is the one that brings bytes. What is not here is about an object that arrived before. */
const RULES: Readonly<Record<string, IgnoreRule>> = {
  'Object Deleted': 'removal',
  'Object Tags Added': 'metadata',
  'Object Tags Deleted': 'metadata',
  'Object ACL Updated': 'metadata',
};

/**
 * Reads one event of Amazon EventBridge from `aws.s3`, whose key is not URL-encoded
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html). Unknown fields are passed over. Pure.
 */
export function readEventBridge(event: unknown): ParsedEvents {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) return malformed(parsed.error, '');
  const { 'detail-type': type, detail } = parsed.data;
  const { key: raw, etag, size, 'version-id': versionId, sequencer } = detail.object;
  const bucket = detail.bucket.name;
  const key = checkKey(raw, bucket);
  if (key.kind === 'fault') return fault('EVENT_KEY', `detail.object.key: ${key.message}`);
  if (type !== 'Object Created') {
    const ignored = { rule: RULES[type] ?? 'event', bucket, key: key.value };
    return { kind: 'arrivals', arrivals: [], ignored: [ignored] };
  }
  const eTag = unquote(etag);
  if (eTag === '') return fault('EVENT_MALFORMED', "detail.object.etag: expected the object's eTag, got none");
  const arrival = toArrival({ bucket, key: key.value }, { eTag, size, versionId, sequencer });
  return { kind: 'arrivals', arrivals: [arrival], ignored: [] };
}
