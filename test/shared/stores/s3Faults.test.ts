import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type S3StoreOptions, openS3Store } from '../../../src/shared/stores/s3.js';
import { planRanges } from '../../../src/shared/stores/s3Get.js';
import { putFromFile } from '../../../src/shared/stores/s3Put.js';
import { type Fate, type Passing, openFaultyProxy } from '../../support/faultyProxy.js';
import { CREDENTIALS, type TestS3, openTestS3 } from '../../support/s3.js';

const MIB = 1024 * 1024;
const PASS: Fate = { kind: 'pass' };
let s3: TestS3;
let scratch: string;
const toClose: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  s3 = await openTestS3();
  scratch = await mkdtemp(join(tmpdir(), 'sluice-store-'));
});
afterEach(async () => {
  for (const item of toClose.splice(0)) await item.close();
  await s3.close();
  await rm(scratch, { recursive: true, force: true });
});

async function openBehind(decide: (passing: Passing) => Fate, options: Partial<S3StoreOptions> = {}) {
  const proxy = await openFaultyProxy(s3.server.url, decide);
  toClose.push(proxy);
  const store = openS3Store({ bucket: s3.bucket, endpoint: proxy.url, credentials: CREDENTIALS, ...options });
  return { store, proxy };
}

const putDirectly = (Key: string, Body: Buffer | string) =>
  s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body }));

async function fileOf(content: Buffer | string): Promise<string> {
  const file = join(scratch, randomBytes(8).toString('hex'));
  await writeFile(file, content);
  return file;
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

describe('reading', () => {
  test('a body that breaks off is fetched again', async () => {
    await putDirectly('k', 'x'.repeat(100_000));
    const { store, proxy } = await openBehind(({ number }) => (number <= 2 ? { kind: 'cut', afterBytes: 5000 } : PASS));
    const file = join(scratch, 'got');
    expect(await store.getToFile({ key: 'k', file, size: 100_000 })).toMatchObject({ bytes: 100_000 });
    expect(await readFile(file, 'utf8')).toBe('x'.repeat(100_000));
    expect(proxy.requests).toHaveLength(3);
  });

  test('only the range that broke off is fetched again', async () => {
    const content = randomBytes(20 * MIB);
    await putDirectly('k', content);
    let hasFailed = false;
    const { store, proxy } = await openBehind(({ headers }) => {
      if (hasFailed || headers.range !== `bytes=${8 * MIB}-${16 * MIB - 1}`) return PASS;
      hasFailed = true;
      return { kind: 'cut', afterBytes: MIB };
    });
    const file = join(scratch, 'got');
    await store.getToFile({ key: 'k', file });
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(proxy.requests).toHaveLength(4);
  });

  test('a body that breaks off every time is STORE_AWAY', async () => {
    await putDirectly('k', 'x'.repeat(100_000));
    const { store, proxy } = await openBehind(() => ({ kind: 'cut', afterBytes: 5000 }));
    expect(await codeOf(store.getToFile({ key: 'k', file: join(scratch, 'got'), size: 100_000 }))).toBe('STORE_AWAY');
    expect(proxy.requests).toHaveLength(4);
  });

  test('an object that is overwritten between its ranges is OBJECT_CHANGED, never a mixture', async () => {
    await putDirectly('k', Buffer.alloc(20 * MIB, 1));
    const overwrite = () => putDirectly('k', Buffer.alloc(20 * MIB, 2));
    const { store } = await openBehind(({ number }) => (number === 2 ? { kind: 'after', work: overwrite } : PASS));
    expect(await codeOf(store.getToFile({ key: 'k', file: join(scratch, 'got') }))).toBe('OBJECT_CHANGED');
  });

  test('a store that is busy is asked again', async () => {
    await putDirectly('k', 'x');
    const busy: Fate = { kind: 'answer', status: 503, code: 'SlowDown' };
    const { store } = await openBehind(({ number }) => (number <= 2 ? busy : PASS));
    expect(await store.head('k')).toMatchObject({ size: 1 });
  });

  test('the ranges of an object cover it once', () => {
    expect(planRanges(8 * MIB, 8 * MIB)).toEqual([]);
    expect(planRanges(0, 0)).toEqual([]);
    expect(planRanges(8 * MIB, 17 * MIB)).toEqual([
      { start: 8 * MIB, end: 16 * MIB },
      { start: 16 * MIB, end: 17 * MIB },
    ]);
  });
});

describe('writing', () => {
  test.each([
    ['in one request', 1000],
    ['in parts', 9 * MIB],
  ])('a put if absent %s whose answer got lost knows its own bytes', async (_name, bytes) => {
    const isCommit = ({ method, url }: Passing) =>
      url.includes('uploadId=') && method === 'POST' && !url.includes('uploads');
    let lost = 0;
    const { store } = await openBehind((passing) => {
      const isLast = bytes > 8 * MIB ? isCommit(passing) : passing.method === 'PUT';
      if (!isLast || lost > 0) return PASS;
      lost++;
      return { kind: 'lose' };
    });
    const content = randomBytes(bytes);
    const landed = await store.putFile({ key: 'k', file: await fileOf(content), ifAbsent: true });
    expect(lost).toBe(1);
    expect(landed.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect((await store.head('k'))?.eTag).toBe(landed.eTag);
    const other = await fileOf(randomBytes(bytes));
    expect(await codeOf(store.putFile({ key: 'k', file: other, ifAbsent: true }))).toBe('OBJECT_EXISTS');
  });

  test('a conflict with another conditional write is tried again', async () => {
    const conflict: Fate = { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' };
    let conflicts = 0;
    const { store } = await openBehind(({ method }) => (method === 'PUT' && conflicts++ < 2 ? conflict : PASS));
    await store.putFile({ key: 'k', file: await fileOf('mine'), ifAbsent: true });
    expect(conflicts).toBe(3);
  });

  test('encryption and content type are asked for', async () => {
    const { store, proxy } = await openBehind(() => PASS, { serverSideEncryption: 'aws:kms', kmsKeyId: 'key-1' });
    await store.putFile({ key: 'k', file: await fileOf('x'), contentType: 'text/csv' });
    await store.putFile({ key: 'k', file: await fileOf(Buffer.alloc(9 * MIB)), contentType: 'text/csv' });
    const asked = proxy.requests.filter(({ headers }) => headers['x-amz-server-side-encryption'] !== undefined);
    expect(asked.map(({ method, headers }) => [method, headers['content-type']])).toEqual([
      ['PUT', 'text/csv'],
      ['POST', 'text/csv'],
    ]);
    expect(asked[0]?.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('key-1');
  });

  test('an upload of which a part is refused fails, whichever part it is, and is never completed', async () => {
    const file = await fileOf(randomBytes(44 * MIB));
    for (const refused of [1, 2, 4, 6]) {
      const sent: string[] = [];
      // The refusal comes at once: while the next part is read.
      const send = async ({
        constructor: { name },
        input,
      }: {
        constructor: { name: string };
        input: { PartNumber?: number };
      }) => {
        sent.push(name);
        if (input.PartNumber === refused) throw new Error('refused');
        return { UploadId: 'u', ETag: '"e"' };
      };
      const client = { send, config: { requestChecksumCalculation: async () => 'WHEN_REQUIRED' } } as never;
      const put = putFromFile({ client, bucket: 'b', request: { key: 'k', file }, extra: {} });
      await expect(put).rejects.toThrow('refused');
      expect(sent.filter((name) => /Complete|Abort/.test(name))).toEqual(['AbortMultipartUploadCommand']);
    }
  });

  test('the checksum headers of the SDK are sent to AWS only', async () => {
    const { store, proxy } = await openBehind(() => PASS);
    await store.putFile({ key: 'k', file: await fileOf(Buffer.alloc(9 * MIB)) });
    const names = proxy.requests.flatMap(({ headers }) => Object.keys(headers));
    expect(names.filter((name) => /checksum/.test(name))).toEqual([]);
  });

  test('an upload in parts that is aborted leaves neither object nor parts', async () => {
    const stop = new AbortController();
    const reason = new Error('the worker is shutting down');
    const { store } = await openBehind(({ url }) => {
      if (url.includes('partNumber=2')) stop.abort(reason);
      return PASS;
    });
    const file = await fileOf(randomBytes(40 * MIB));
    await expect(store.putFile({ key: 'k', file, signal: stop.signal })).rejects.toBe(reason);
    const uploads = async () =>
      (await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))).Uploads ?? [];
    await expect.poll(uploads).toEqual([]);
    expect(await store.head('k')).toBeUndefined();
  });
});

describe('errors', () => {
  const deny =
    (status: number, code: string) => async (work: (store: ReturnType<typeof openS3Store>) => Promise<unknown>) => {
      const { store } = await openBehind(() => ({ kind: 'answer', status, code }), { maxAttempts: 2 });
      return codeOf(work(store));
    };

  test('401 and 403 are STORE_DENIED in every verb', async () => {
    const denied = deny(403, 'AccessDenied');
    const file = await fileOf('x');
    expect(await denied((store) => store.head('k'))).toBe('STORE_DENIED');
    expect(await denied((store) => store.getToFile({ key: 'k', file: join(scratch, 'got') }))).toBe('STORE_DENIED');
    expect(await denied((store) => store.putFile({ key: 'k', file }))).toBe('STORE_DENIED');
    expect(await denied((store) => store.delete(['k']))).toBe('STORE_DENIED');
    expect(await denied((store) => store.tag('k', {}))).toBe('STORE_DENIED');
    expect(await denied((store) => store.list({ prefix: '' })[Symbol.asyncIterator]().next())).toBe('STORE_DENIED');
    expect(await deny(401, 'Unauthorized')((store) => store.head('k'))).toBe('STORE_DENIED');
    expect(await deny(400, 'ExpiredToken')((store) => store.tag('k', {}))).toBe('STORE_DENIED');
  });

  test('5xx after all tries, no connection and no bucket are STORE_AWAY', async () => {
    expect(await deny(500, 'InternalError')((store) => store.head('k'))).toBe('STORE_AWAY');
    expect(await deny(503, 'SlowDown')((store) => store.tag('k', {}))).toBe('STORE_AWAY');
    expect(await deny(404, 'NoSuchBucket')((store) => store.tag('k', {}))).toBe('STORE_AWAY');
    const nobody = openS3Store({
      bucket: 'b',
      endpoint: 'http://127.0.0.1:9',
      credentials: CREDENTIALS,
      maxAttempts: 2,
    });
    expect(await codeOf(nobody.head('k'))).toBe('STORE_AWAY');
  });
});
