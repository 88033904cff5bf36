import { z } from 'zod';
import { shortText, sizeField } from './arrival.js';

/** What is read of a record of an S3 notification. Unknown fields are passed over. */
export const recordSchema = z.object({
  eventVersion: z
    .string()
    .regex(/^2\.\d+$/, { message: 'expected version 2.x' })
    .optional(),
  eventName: shortText.min(1),
  s3: z.object({
    bucket: z.object({ name: shortText.min(1) }),
    object: z.object({
      key: z
        .string()
        .min(1)
        .max(3 * 1024),
      size: sizeField,
      eTag: shortText.nullish(),
      versionId: shortText.nullish(),
      sequencer: shortText.nullish(),
    }),
  }),
});

/** A record's fields, read. */
export interface RecordFields {
  readonly eventName: string;
  readonly bucket: string;
  /** As it was sent: form-encoded. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly eTag?: string | null | undefined;
  readonly versionId?: string | null | undefined;
  readonly sequencer?: string | null | undefined;
}

/**
 * The fields of a record as AWS itself writes it, without the schema, which costs six times as much; undefined for whatever else there
 * is, be it good or bad: that is for the schema to say. What this accepts the schema accepts, and reads the same. Pure.
 */
export function readUsual(record: unknown): RecordFields | undefined {
  if (!isObject(record)) return undefined;
  const { eventVersion, eventName, s3 } = record;
  if (typeof eventVersion !== 'string' || !VERSION.test(eventVersion) || !isShort(eventName)) return undefined;
  if (!isObject(s3) || !isObject(s3['bucket']) || !isObject(s3['object'])) return undefined;
  const { name: bucket } = s3['bucket'];
  const { key, size, eTag, versionId, sequencer } = s3['object'];
  if (!isShort(bucket) || !isShort(key) || !isSize(size)) return undefined;
  if (!isShortOrAbsent(eTag) || !isShortOrAbsent(versionId) || !isShortOrAbsent(sequencer)) return undefined;
  return { eventName, bucket, key, size, eTag, versionId, sequencer };
}

const VERSION = /^2\.\d{1,9}$/;

/** Printable ASCII. */
const SHORT = /^[ -~]{1,1024}$/;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && SHORT.test(value);
}

function isShortOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || isShort(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
