import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChecksumAlgorithm, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../../src/shared/stores/port.js';
import { openS3Store } from '../../../src/shared/stores/s3.js';
import { bodyFault } from '../../../src/shared/stores/s3Checksums.js';
import { type Fate, type Passing, openFaultyProxy } from '../../support/faultyProxy.js';
import { CREDENTIALS, type TestS3, openTestS3 } from '../../support/s3.js';

const PASS: Fate = { kind: 'pass' };
const BODY = randomBytes(100_000);
let s3: TestS3;
let scratch: string;
let proxy: Awaited<ReturnType<typeof openFaultyProxy>>;
let store: ObjectStore;
let decide: (passing: Passing) => Fate;

beforeEach(async () => {
  s3 = await openTestS3();
  scratch = await mkdtemp(join(tmpdir(), 'sluice-store-'));
  decide = () => PASS;
  proxy = await openFaultyProxy(s3.server.url, (passing) => decide(passing));
  store = openS3Store({ bucket: s3.bucket, endpoint: proxy.url, credentials: CREDENTIALS });
  await put('first');
  await get('first');
});
afterEach(async () => {
  await proxy.close();
  await s3.close();
  await rm(scratch, { recursive: true, force: true });
});

const put = async (Key: string, ChecksumAlgorithm?: ChecksumAlgorithm) => {
  const command = new PutObjectCommand({
    Bucket: s3.bucket,
    Key,
    Body: BODY,
    ...(ChecksumAlgorithm && { ChecksumAlgorithm }),
  });
  return ((await s3.client.send(command)).ETag ?? '').replaceAll('"', '');
};

async function get(key: string, more: { eTag?: string; signal?: AbortSignal } = {}): Promise<unknown> {
  const file = join(scratch, 'got');
  const { sha256 } = await store.getToFile({ key, file, size: BODY.length, ...more });
  expect(sha256).toBe(createHash('sha256').update(BODY).digest('hex'));
  expect((await readFile(file)).equals(BODY)).toBe(true);
  return undefined;
}

const isLean = ({ headers }: Passing) => headers['user-agent'] === undefined;
const ways = (from: number) => proxy.requests.slice(from).map((passing) => (isLean(passing) ? 'lean' : 'sdk'));
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

describe('small objects after the first', () => {
  test.each([
    'plain',
    'sp ace/a b.txt',
    "q/it's(1)!*.txt",
    'plus/a+b=c&d.txt',
    'tilde~/x?y#z',
    'uni/żółć-日本.txt',
    'pct/100%25',
  ])('are fetched past the SDK: %s', async (key) => {
    const eTag = await put(key);
    const seen = proxy.requests.length;
    await get(key, { eTag });
    expect(ways(seen)).toEqual(['lean']);
  });

  test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const)('are proven by their %s', async (name) => {
    await put('k', name);
    const seen = proxy.requests.length;
    await get('k');
    expect(ways(seen)).toEqual(['lean']);
  });

  test.each<[string, Fate]>([
    ['cut', { kind: 'cut', afterBytes: 5000 }],
    ['refused', { kind: 'answer', status: 503, code: 'SlowDown' }],
    ['lost', { kind: 'lose' }],
  ])('go by the SDK where the answer is %s, and past it again afterwards', async (_name, fate) => {
    await put('k');
    let faults = 0;
    decide = (passing) => (isLean(passing) && faults++ === 0 ? fate : PASS);
    const seen = proxy.requests.length;
    await get('k');
    await get('k');
    expect(ways(seen)).toEqual(['lean', 'sdk', 'lean']);
  });

  test('that are gone, changed or forbidden are told apart', async () => {
    await put('k');
    expect(await codeOf(get('gone'))).toBe('OBJECT_MISSING');
    expect(await codeOf(get('k', { eTag: 'other' }))).toBe('OBJECT_CHANGED');
    decide = () => ({ kind: 'answer', status: 403, code: 'AccessDenied' });
    expect(await codeOf(get('k'))).toBe('STORE_DENIED');
  });

  test('stop with their signal', async () => {
    await put('k');
    const stop = new AbortController();
    const reason = new Error('the worker is shutting down');
    decide = () => ({ kind: 'after', work: async () => stop.abort(reason) });
    await expect(get('k', { signal: stop.signal })).rejects.toBe(reason);
  });
});

describe('the checksum of a body', () => {
  const sha256 = createHash('sha256').update(BODY).digest('hex');
  const faultOf = (headers: Readonly<Record<string, string>>) => bodyFault(headers, [BODY], sha256);

  test('another one is a fault, whatever its kind', async () => {
    for (const name of ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'])
      expect(await faultOf({ [`x-amz-checksum-${name}`]: 'AAAAAA==' })).toMatch(`expected the ${name} AAAAAA==`);
  });

  test('one that nobody knows is a fault, for it cannot be compared', async () => {
    expect(await faultOf({ 'x-amz-checksum-new': 'AAAA' })).toMatch('got new');
  });

  test('that of a multipart upload and its type say nothing', async () => {
    expect(await faultOf({ 'x-amz-checksum-crc32': 'AAAAAA==-3', 'x-amz-checksum-type': 'COMPOSITE' })).toBeUndefined();
  });
});
