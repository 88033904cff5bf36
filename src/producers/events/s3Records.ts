import {
  type Arrival,
  fault,
  type IgnoredRecord,
  type IgnoreRule,
  malformed,
  MAX_RECORDS,
  type ParsedEvents,
  type ReadRecord,
  toArrival,
  unquote,
} from './arrival.js';
import { decodeKey } from './decodeKey.js';
import { type RecordFields, readUsual, recordSchema } from './recordFields.js';

/**
 * Reads the `Records` of an S3 event notification, version 2.x, as AWS, MinIO, RustFS, Ceph and versitygw send them: event names with or
 * without `s3:`, keys form-encoded (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html). Unknown
 * fields are passed over. One bad record makes the whole a fault, so that nothing is half-recorded. Pure.
 */
export function readS3Records(records: readonly unknown[]): ParsedEvents {
  if (records.length > MAX_RECORDS)
    return fault('EVENT_TOO_MANY', `expected at most ${MAX_RECORDS} Records, got ${records.length}`);
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

function readRecord(record: unknown, place: string): ReadRecord {
  const usual = readUsual(record);
  if (usual !== undefined) return judge(usual, place);
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) return malformed(parsed.error, place);
  const { eventName, s3 } = parsed.data;
  return judge({ eventName, bucket: s3.bucket.name, ...s3.object }, place);
}

function judge(fields: RecordFields, place: string): ReadRecord {
  const { eventName, bucket, key: encoded, size, eTag: quoted, versionId, sequencer } = fields;
  const key = decodeKey(encoded, bucket);
  if (key.kind === 'fault') return fault('EVENT_KEY', `${place}.s3.object.key: ${key.message}`);
  const eTag = unquote(quoted);
  const rule = ignoreRule(eventName.replace(/^s3:/, ''), eTag);
  if (rule !== undefined) return { kind: 'ignored', ignored: { rule, bucket, key: key.value } };
  if (eTag === '') return fault('EVENT_MALFORMED', `${place}.s3.object.eTag: expected the object's eTag, got none`);
  return { kind: 'arrival', arrival: toArrival({ bucket, key: key.value }, { eTag, size, versionId, sequencer }) };
}

const REMOVALS = /^(ObjectRemoved|LifecycleExpiration|ReducedRedundancyLostObject)(:|$)/;
const METADATA = /^(ObjectCreated:(PutTagging|DeleteTagging|PutRetention|PutLegalHold)|ObjectTagging|ObjectAcl)(:|$)/;

function ignoreRule(eventName: string, eTag: string): IgnoreRule | undefined {
  if (REMOVALS.test(eventName)) return 'removal';
  if (METADATA.test(eventName)) return 'metadata';
  if (!eventName.startsWith('ObjectCreated:')) return 'event';
  return eventName === 'ObjectCreated:Post' && eTag === '' ? 'unfinished' : undefined;
}
