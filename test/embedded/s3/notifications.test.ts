import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as S from '@aws-sdk/client-s3';
import { afterEach, expect, test } from 'vitest';
import { startNotifier } from '../../../src/embedded/s3/notifications.js';
import { startS3 } from '../../../src/embedded/s3/server.js';
import { Storage } from '../../../src/embedded/s3/storage.js';
import type { Arrival } from '../../../src/producers/events/arrival.js';
import { parseEvents } from '../../../src/producers/events/parseEvents.js';
import { type Receiver, openReceiver } from '../../support/receiver.js';
import { CREDENTIALS, type TestS3, openTestS3 } from '../../support/s3.js';

const toClose: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const item of toClose.splice(0).toReversed()) await item.close();
});

function keep<T extends { close(): Promise<void> }>(item: T): T {
  toClose.push(item);
  return item;
}

async function openPair(
  options: Parameters<typeof openReceiver>[0] = {},
  filter: { prefix?: string; suffix?: string } = {},
) {
  const receiver = keep(await openReceiver(options));
  const s3 = keep(await openTestS3({ notifications: { url: receiver.url, bearerToken: 'tell-me', ...filter } }));
  return { receiver, s3 };
}

const put = ({ client, bucket: Bucket }: TestS3, Key: string, Body = 'x') =>
  client.send(new S.PutObjectCommand({ Bucket, Key, Body }));

function arrivalsOf(receiver: Receiver): Arrival[] {
  return receiver.received.flatMap(({ body }) => {
    const parsed = parseEvents(body);
    if (parsed.kind !== 'arrivals') throw new Error(`expected arrivals, got ${JSON.stringify(parsed)}`);
    return [...parsed.arrivals];
  });
}

test('a put is told as S3 tells it, with the bearer token', async () => {
  const { receiver, s3 } = await openPair();
  const { ETag } = await put(s3, 'in/żółć a+b.csv', 'hello');
  await s3.server.notified();
  expect(receiver.received).toHaveLength(1);
  expect(receiver.received[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer tell-me' } });
  expect(receiver.received[0]?.headers['content-type']).toBe('application/json');
  const record = JSON.parse(receiver.received[0]?.body ?? '').Records[0];
  expect(record).toMatchObject({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventName: 'ObjectCreated:Put',
    s3: {
      bucket: { name: s3.bucket, arn: `arn:aws:s3:::${s3.bucket}` },
      object: { key: 'in/%C5%BC%C3%B3%C5%82%C4%87+a%2Bb.csv', size: 5, eTag: ETag?.replaceAll('"', '') },
    },
  });
  expect(record.eventTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(record.s3.object.sequencer).toMatch(/^[0-9A-F]{16}$/);
  expect(arrivalsOf(receiver)[0]).toMatchObject({ bucket: s3.bucket, key: 'in/żółć a+b.csv', size: 5 });
});

test('copies, multipart uploads and removals have their names; tags tell nothing', async () => {
  const { receiver, s3 } = await openPair();
  const { client, bucket: Bucket } = s3;
  await put(s3, 'a');
  await client.send(new S.CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` }));
  const { UploadId } = await client.send(new S.CreateMultipartUploadCommand({ Bucket, Key: 'c' }));
  const part = await client.send(new S.UploadPartCommand({ Bucket, Key: 'c', UploadId, PartNumber: 1, Body: 'x' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  await client.send(new S.CompleteMultipartUploadCommand({ Bucket, Key: 'c', UploadId, MultipartUpload }));
  const Tagging = { TagSet: [{ Key: 'k', Value: 'v' }] };
  await client.send(new S.PutObjectTaggingCommand({ Bucket, Key: 'c', Tagging }));
  await client.send(new S.DeleteObjectCommand({ Bucket, Key: 'a' }));
  await client.send(new S.DeleteObjectCommand({ Bucket, Key: 'never-there' }));
  await s3.server.notified();
  const records = receiver.received.flatMap(
    ({ body }): { eventName: string; s3: { object: { key: string } } }[] => JSON.parse(body).Records,
  );
  expect(records.map((record) => [record.eventName, record.s3.object.key])).toEqual([
    ['ObjectCreated:Put', 'a'],
    ['ObjectCreated:Copy', 'b'],
    ['ObjectCreated:CompleteMultipartUpload', 'c'],
    ['ObjectRemoved:Delete', 'a'],
  ]);
});

test('only keys with the prefix and the suffix are told', async () => {
  const { receiver, s3 } = await openPair({}, { prefix: 'raw/', suffix: '.csv' });
  for (const key of ['raw/a.csv', 'raw/a.txt', 'other/a.csv', 'raw/b.csv']) await put(s3, key);
  await s3.server.notified();
  expect(arrivalsOf(receiver).map(({ key }) => key)).toEqual(['raw/a.csv', 'raw/b.csv']);
});

test('many events go in few requests, each once, in the order of their commits', async () => {
  let allThere = () => {};
  const there = new Promise<void>((resolve) => (allThere = resolve));
  const { receiver, s3 } = await openPair({ answer: () => there.then(() => 200) });
  await Promise.all(Array.from({ length: 200 }, (_, index) => put(s3, `k${index}`)));
  allThere();
  await s3.server.notified();
  const arrivals = arrivalsOf(receiver);
  expect(new Set(arrivals.map(({ key }) => key)).size).toBe(200);
  expect(arrivals).toHaveLength(200);
  const sequencers = arrivals.map(({ sequencer = '' }) => sequencer);
  expect(sequencers).toEqual([...sequencers].sort());
  expect(receiver.received.length).toBeLessThan(100);
  expect(Math.max(...receiver.received.map(({ body }) => body.length))).toBeLessThan(256 * 1024);
});

test('a receiver that is down, busy or broken gets every event once it answers', async () => {
  const down = await openReceiver();
  const { port, url } = down;
  await down.close();
  const s3 = keep(await openTestS3({ notifications: { url, bearerToken: 'x' } }));
  await put(s3, 'while-down-1');
  await put(s3, 'while-down-2');
  await new Promise((resolve) => setTimeout(resolve, 250));
  const answers = [503, 429, 500, 401];
  const receiver = keep(await openReceiver({ port, answer: () => answers.shift() ?? 200 }));
  await s3.server.notified();
  expect(answers).toEqual([]);
  const acknowledged = receiver.received.slice(4).map((request) => ({ received: [request] }));
  expect(acknowledged.flatMap((part) => arrivalsOf({ ...receiver, ...part })).map(({ key }) => key)).toEqual([
    'while-down-1',
    'while-down-2',
  ]);
});

test('one record that the receiver refuses does not take the others with it', async () => {
  let isOpen = false;
  const answer = ({ body }: { body: string }) => (isOpen ? (body.includes('poison') ? 400 : 200) : 503);
  const { receiver, s3 } = await openPair({ answer });
  for (const key of ['a', 'b', 'poison', 'c', 'd']) await put(s3, key);
  isOpen = true;
  await s3.server.notified();
  const taken = receiver.received
    .filter((request) => answer(request) === 200)
    .map((request) => ({ received: [request] }));
  const keys = new Set(taken.flatMap((part) => arrivalsOf({ ...receiver, ...part })).map(({ key }) => key));
  expect(['a', 'b', 'c', 'd'].every((key) => keys.has(key))).toBe(true);
});

test('events that were not acknowledged before the end are told after a restart, and no others', async () => {
  const receiver = keep(await openReceiver());
  const { dir, server, client, bucket } = keep(await openTestS3());
  const s3 = { dir, server, client, bucket, close: server.close };
  await put(s3, 'before-anyone-listened');
  await server.notifyTo({ url: receiver.url });
  await put(s3, 'heard');
  await server.notified();
  await receiver.close();
  await put(s3, 'unheard-1');
  await put(s3, 'unheard-2');
  await server.close();

  const again = keep(await openReceiver());
  const restarted = keep(await startS3({ dir, credentials: CREDENTIALS, notifications: { url: again.url } }));
  await restarted.notified();
  expect(arrivalsOf(again).map(({ key }) => key)).toEqual(['unheard-1', 'unheard-2']);
});

test('more events than fit in the memory are told from the storage, in order', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
  const storage = new Storage(dir, { isDurable: false });
  storage.create('bucket');
  const bucket = storage.bucket('bucket');
  const receiver = keep(await openReceiver());
  const notifier = keep(
    startNotifier({
      storage,
      target: { url: receiver.url, prefix: 'k' },
      cursorFile: join(dir, 'notified.json'),
      region: 'us-east-1',
      maxWaiting: 100,
    }),
  );
  storage.onEvent = (event) => notifier.take(event);
  const plain = { createdBy: 'Put', segments: [], size: 0, eTag: 'e', atMs: 0, checksums: {} } as const;
  const attributes = { contentType: 'x', headers: [], metadata: [], tags: [] };
  const names = Array.from({ length: 1030 }, (_, index) => `${index % 10 === 0 ? 'other' : 'k'}${index}`);
  // All in one turn: no request can be answered between them.
  for (const key of names) storage.put(bucket, { key, ...plain, ...attributes });
  await notifier.settled();
  const keys = new Set(arrivalsOf(receiver).map(({ key }) => key));
  expect([...keys]).toEqual(names.filter((key) => key.startsWith('k')));
  storage.close();
  await rm(dir, { recursive: true });
});
