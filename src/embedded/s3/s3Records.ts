import type { StorageEvent } from './storage.js';

/** Where an event comes from, as its record tells it. */
export interface RecordContext {
  readonly region: string;
}

/**
 * An event as S3 notifies it, version 2.1
 * (docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html): the key form-encoded, the eTag
 * without quotes, the sequencer in hexadecimal of one length. A removal carries neither size nor eTag.
 */
export function toS3Record(event: StorageEvent, { region }: RecordContext): Readonly<Record<string, unknown>> {
  const atMs = event.kind === 'created' ? event.object.atMs : event.atMs;
  const sequencer = event.seq.toString(16).toUpperCase().padStart(16, '0');
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: new Date(atMs).toISOString(),
    eventName: event.kind === 'created' ? `ObjectCreated:${event.object.createdBy}` : 'ObjectRemoved:Delete',
    userIdentity: { principalId: 'embedded' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': sequencer, 'x-amz-id-2': sequencer },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'sluice',
      bucket: { name: event.bucket, ownerIdentity: { principalId: 'embedded' }, arn: `arn:aws:s3:::${event.bucket}` },
      object:
        event.kind === 'created'
          ? { key: encodeFormKey(event.object.key), size: event.object.size, eTag: event.object.eTag, sequencer }
          : { key: encodeFormKey(event.key), sequencer },
    },
  };
}

/** The key of an event. */
export function keyOf(event: StorageEvent): string {
  return event.kind === 'created' ? event.object.key : event.key;
}

/** Form encoding as S3 writes keys in events: slashes stay, a space is a plus. */
function encodeFormKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+');
}
