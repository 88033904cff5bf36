import { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.js';
import { decodeKey } from './decodeKey.js';

/** More records than this in one notification are refused; S3 itself sends one, brokers a few hundred. */
export const MAX_RECORDS = 10_000;

/** A claim that an object exists, before it is routed to a dataset. The eTag carries no quotes. */
export interface Arrival {
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  readonly versionId?: string;
  readonly sequencer?: string;
}

/** A record that a named rule sets aside: it never becomes work, and is counted by its rule. */
export interface IgnoredRecord {
  readonly rule: IgnoreRule;
  readonly bucket: string;
  readonly key: string;
}

/**
 * `removal`: the object is gone. `metadata`: tags or locks changed, not bytes. `unfinished`: an upload has begun and has no eTag yet
 * (Ceph). `event`: about an object that arrived before (restored, replicated, moved to another storage class).
 */
export type IgnoreRule = 'removal' | 'metadata' | 'unfinished' | 'event';

/** What a text from outside is: arrivals, S3's greeting when notifications are switched on, or a fault that names its place. */
export type ParsedEvents =
  | { readonly kind: 'arrivals'; readonly arrivals: readonly Arrival[]; readonly ignored: readonly IgnoredRecord[] }
  | { readonly kind: 'test' }
  | { readonly kind: 'fault'; readonly code: ErrorCode; readonly message: string };

type Fault = Extract<ParsedEvents, { kind: 'fault' }>;

const text = z
  .string()
  .max(1024)
  .refine((value) => !hasControl(value), { message: 'expected no control characters' });

const recordSchema = z.object({
  eventVersion: z
    .string()
    .regex(/^2\.\d+$/, { message: 'expected version 2.x' })
    .optional(),
  eventName: text.min(1),
  s3: z.object({
    bucket: z.object({ name: text.min(1) }),
    object: z.object({
      key: z
        .string()
        .min(1)
        .max(3 * 1024),
      // Ceph writes sizes as text; MinIO leaves the size of an empty object out.
      size: z
        .union([
          z.int().min(0),
          z
            .string()
            .regex(/^\d{1,15}$/)
            .transform(Number),
        ])
        .default(0),
      eTag: text.nullish(),
      versionId: text.nullish(),
      sequencer: text.nullish(),
    }),
  }),
});

const envelopeSchema = z.object({ Records: z.array(z.unknown()) });
const testSchema = z.object({ Event: z.literal('s3:TestEvent') });

/**
 * Reads S3 event notifications, version 2.x, as AWS, MinIO, RustFS, Ceph and versitygw send them: event names with or without `s3:`,
 * keys form-encoded (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html). Unknown fields are
 * passed over. One bad record makes the whole text a fault, so that nothing is half-recorded.
 */
export function parseS3Records(body: string): ParsedEvents {
  const json = parseJson(body);
  if (json.kind === 'fault') return json;
  const envelope = envelopeSchema.safeParse(json.value);
  if (!envelope.success) {
    if (testSchema.safeParse(json.value).success) return { kind: 'test' };
    return fault('EVENT_UNKNOWN', `expected an object with an array Records, got ${nameOf(json.value)}`);
  }
  const { Records: records } = envelope.data;
  if (records.length > MAX_RECORDS)
    return fault('EVENT_MALFORMED', `expected at most ${MAX_RECORDS} Records, got ${records.length}`);
  const arrivals: Arrival[] = [];
  const ignored: IgnoredRecord[] = [];
  for (const [index, record] of records.entries()) {
    const read = readRecord(record, `Records[${index}]`);
    if (read.kind === 'fault') return read;
    if (read.kind === 'arrival') arrivals.push(read.arrival);
    else ignored.push(read.ignored);
  }
  return { kind: 'arrivals', arrivals, ignored };
}

type ReadRecord = Fault | { kind: 'arrival'; arrival: Arrival } | { kind: 'ignored'; ignored: IgnoredRecord };

function readRecord(record: unknown, place: string): ReadRecord {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) return malformed(parsed.error, place);
  const { eventName, s3 } = parsed.data;
  const { key: encoded, size, eTag: quoted, versionId, sequencer } = s3.object;
  const key = decodeKey(encoded);
  if (key.kind === 'fault') return fault('EVENT_MALFORMED', `${place}.s3.object.key: ${key.message}`);
  const bucket = s3.bucket.name;
  const eTag = (quoted ?? '').replace(/^"(.*)"$/, '$1');
  const rule = ignoreRule(eventName.replace(/^s3:/, ''), eTag);
  if (rule !== undefined) return { kind: 'ignored', ignored: { rule, bucket, key: key.value } };
  if (eTag === '') return fault('EVENT_MALFORMED', `${place}.s3.object.eTag: expected the object's eTag, got none`);
  return {
    kind: 'arrival',
    arrival: {
      bucket,
      key: key.value,
      eTag,
      size,
      // `null` is S3's name for the version of an object in a bucket without versioning.
      ...(versionId && versionId !== 'null' ? { versionId } : {}),
      ...(sequencer ? { sequencer } : {}),
    },
  };
}

const REMOVALS = /^(ObjectRemoved|LifecycleExpiration|ReducedRedundancyLostObject)(:|$)/;
const METADATA = /^(ObjectCreated:(PutTagging|DeleteTagging|PutRetention|PutLegalHold)|ObjectTagging|ObjectAcl)(:|$)/;

function ignoreRule(eventName: string, eTag: string): IgnoreRule | undefined {
  if (REMOVALS.test(eventName)) return 'removal';
  if (METADATA.test(eventName)) return 'metadata';
  if (!eventName.startsWith('ObjectCreated:')) return 'event';
  return eventName === 'ObjectCreated:Post' && eTag === '' ? 'unfinished' : undefined;
}

function parseJson(body: string): Fault | { kind: 'json'; value: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return { kind: 'json', value };
  } catch {
    // The parser's own message quotes the body, which belongs in no log.
    return fault(
      'EVENT_MALFORMED',
      `expected JSON, got ${body.length === 0 ? 'nothing' : `${body.length} characters that are none`}`,
    );
  }
}

function malformed(error: z.ZodError, place: string): Fault {
  const issue = error.issues[0];
  const path = [place, ...(issue?.path ?? []).map(String)].join('.');
  return fault('EVENT_MALFORMED', `${path}: ${issue?.message ?? 'expected a record of version 2.x'}`);
}

function fault(code: ErrorCode, message: string): Fault {
  return { kind: 'fault', code, message };
}

function hasControl(value: string): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(value);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object without it' : `a ${typeof value}`;
}
