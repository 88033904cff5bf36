import { z } from 'zod';
import { fault, type Fault, nameOf, parseJson, type ParsedEvents } from './arrival.js';
import { readEventBridge } from './eventBridge.js';
import { readS3Records } from './s3Records.js';
import { readSnsEnvelope } from './snsEnvelope.js';

const recordsSchema = z.object({ Records: z.array(z.unknown()) });
const testSchema = z.object({ Event: z.literal('s3:TestEvent') });
const bridgeSchema = z.object({ source: z.string(), 'detail-type': z.string() });
const snsSchema = z.object({ Type: z.string(), TopicArn: z.string() });

/**
 * Reads a body of any dialect that names objects: S3 `Records` (AWS, MinIO, RustFS, Ceph), S3's test event, EventBridge. Pure; whatever
 * the text, it answers.
 */
export function parseEvents(body: string): ParsedEvents {
  const json = parseJson(body);
  return json.kind === 'fault' ? json : readEvents(json.value);
}

/**
 * Reads the body of a queue's message: what `parseEvents` reads, and the same inside an SNS envelope. The envelope's signature is not
 * asked for: who may put messages into the queue is the queue's policy. `test` too for the envelopes that say only something about the
 * subscription.
 */
export function parseQueueBody(body: string): ParsedEvents {
  const json = parseJson(body);
  if (json.kind === 'fault') return json;
  if (!snsSchema.safeParse(json.value).success) return readEvents(json.value);
  const envelope = readSnsEnvelope(json.value);
  if (envelope.kind === 'fault') return envelope;
  return envelope.type === 'Notification' ? inMessage(parseEvents(envelope.message)) : { kind: 'test' };
}

/** The same answer; a fault says that it lies inside of an envelope's Message. */
export function inMessage(parsed: ParsedEvents): ParsedEvents {
  return parsed.kind === 'fault' ? { ...parsed, message: `Message: ${parsed.message}` } : parsed;
}

function readEvents(value: unknown): ParsedEvents {
  const records = recordsSchema.safeParse(value);
  if (records.success) return readS3Records(records.data.Records);
  const bridge = bridgeSchema.safeParse(value);
  if (bridge.success) return bridge.data.source === 'aws.s3' ? readEventBridge(value) : unknown(value);
  return testSchema.safeParse(value).success ? { kind: 'test' } : unknown(value);
}

function unknown(value: unknown): Fault {
  const hint = snsSchema.safeParse(value).success
    ? 'an SNS envelope, which belongs at /v1/events/sns'
    : `${nameOf(value)}`;
  return fault('EVENT_UNKNOWN', `expected an object with an array Records, or an event of aws.s3, got ${hint}`);
}
