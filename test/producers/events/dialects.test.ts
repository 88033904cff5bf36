import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { ParsedEvents } from '../../../src/producers/events/arrival.js';
import { inMessage, parseEvents, parseQueueBody } from '../../../src/producers/events/parseEvents.js';
import { parseSnsEnvelope } from '../../../src/producers/events/snsEnvelope.js';

const CORPUS = new URL('../../corpus/events/', import.meta.url);

/** Every dialect, the specification that its expected arrivals were written from, and how it is read. */
const DIALECTS: readonly { name: string; source: string; read: (text: string) => unknown }[] = [
  { name: 'aws', source: 'S3 event message structure 2.0 to 2.6', read: parseEvents },
  { name: 'minio', source: 'MinIO bucket notifications (internal/event)', read: parseEvents },
  { name: 'rustfs', source: 'RustFS event notifications', read: parseEvents },
  { name: 'ceph', source: 'Ceph RGW S3 notification record', read: parseEvents },
  { name: 'eventBridge', source: 'EventBridge, events of aws.s3', read: parseEvents },
  { name: 'sns', source: 'SNS HTTP/HTTPS JSON formats', read: readSns },
  { name: 'sqs', source: 'message bodies: S3, SNS around S3, EventBridge', read: parseQueueBody },
];

interface Row {
  samples: number;
  arrivals: number;
  ignored: number;
  other: number;
}
const table = new Map<string, Row>();

describe.each(DIALECTS)('the dialect $name', ({ name, read }) => {
  const folder = new URL(`${name}/`, CORPUS);
  const samples = readdirSync(folder).filter((file) => !file.endsWith('.expected.json'));

  it.each(samples)('reads %s as written down by hand', (sample) => {
    const expected: unknown = JSON.parse(
      readFileSync(new URL(sample.replace('.json', '.expected.json'), folder), 'utf8'),
    );
    const got = read(readFileSync(new URL(sample, folder), 'utf8').trimEnd());
    expect(withoutMessages(got)).toEqual(expected);
    count(name, got);
  });
});

afterAll(() => {
  const lines = DIALECTS.map(({ name, source }) => {
    const { samples = 0, arrivals = 0, ignored = 0, other = 0 } = table.get(name) ?? {};
    return `  ${name.padEnd(12)} ${[samples, arrivals, ignored, other].map((cell) => String(cell).padStart(8)).join(' ')}  ${source}`;
  });
  const head = `  ${'dialect'.padEnd(12)} ${['samples', 'arrivals', 'ignored', 'other'].map((cell) => cell.padStart(8)).join(' ')}  after`;
  process.stdout.write(`\n${[head, ...lines].join('\n')}\n`);
});

function readSns(text: string): unknown {
  const envelope = parseSnsEnvelope(text);
  if (envelope.kind === 'fault') return envelope;
  const { type, topicArn, token } = envelope;
  return {
    type,
    topicArn,
    ...(token === undefined ? {} : { token }),
    ...(type === 'Notification' ? { events: inMessage(parseEvents(envelope.message)) } : {}),
  };
}

/** Messages of faults are for people; what is fixed is their code. */
function withoutMessages(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'message' ? undefined : inner)));
}

function count(name: string, got: unknown): void {
  const row = table.get(name) ?? { samples: 0, arrivals: 0, ignored: 0, other: 0 };
  const events = (got as { events?: ParsedEvents }).events ?? (got as ParsedEvents);
  row.samples += 1;
  if (events.kind === 'arrivals') {
    row.arrivals += events.arrivals.length;
    row.ignored += events.ignored.length;
  } else row.other += 1;
  table.set(name, row);
}
