import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as S from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startS3 } from '../../../src/embedded/s3/server.js';
import { presign } from '../../support/presign.js';
import { CREDENTIALS, type TestS3, openClient, openTestS3 } from '../../support/s3.js';

let s3: TestS3;

beforeAll(async () => {
  s3 = await openTestS3();
  await s3.client.send(new S.PutObjectCommand({ Bucket: s3.bucket, Key: 'sp ace/a b.txt', Body: 'secret' }));
});
afterAll(() => s3.close());

async function codeWith(credentials: { accessKeyId: string; secretAccessKey: string }): Promise<string> {
  const client = openClient(s3.server, { credentials });
  const work = client.send(new S.GetObjectCommand({ Bucket: s3.bucket, Key: 'sp ace/a b.txt' }));
  const code = await work.then(
    () => 'no fault',
    (error: unknown) =>
      error instanceof S.S3ServiceException ? `${error.$metadata.httpStatusCode} ${error.name}` : '',
  );
  client.destroy();
  return code;
}

describe('access', () => {
  test('is refused to a wrong secret, an unknown key and an anonymous caller', async () => {
    expect(await codeWith(CREDENTIALS)).toBe('no fault');
    expect(await codeWith({ ...CREDENTIALS, secretAccessKey: 'wrong' })).toBe('403 SignatureDoesNotMatch');
    expect(await codeWith({ ...CREDENTIALS, accessKeyId: 'unknown' })).toBe('403 InvalidAccessKeyId');
    expect((await fetch(`${s3.server.url}/${s3.bucket}/sp%20ace/a%20b.txt`)).status).toBe(403);
    expect((await fetch(s3.server.url)).status).toBe(403);
  });

  test('is granted by a presigned URL to what it names, until it expires', async () => {
    const path = `/${s3.bucket}/sp%20ace/a%20b.txt`;
    const url = presign(s3.server.url, { method: 'GET', path, expiresS: 60 });
    const answer = await fetch(url);
    expect(answer.headers.get('connection')).toBe('keep-alive');
    expect(await answer.text()).toBe('secret');
    expect((await fetch(url.replace(/Signature=..../, 'Signature=0000'))).status).toBe(403);
    expect((await fetch(url.replace('a%20b', 'a%20c'))).status).toBe(403);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    const old = presign(s3.server.url, { method: 'GET', path, expiresS: 1, atMs: Date.now() - 5_000 });
    expect((await fetch(old)).status).toBe(403);
    const upload = presign(s3.server.url, { method: 'PUT', path: `/${s3.bucket}/up`, expiresS: 60 });
    expect((await fetch(upload, { method: 'PUT', body: 'xyz' })).status).toBe(200);
    const download = presign(s3.server.url, { method: 'GET', path: `/${s3.bucket}/up`, expiresS: 60 });
    expect(await (await fetch(download)).text()).toBe('xyz');
  });

  test('a body that was changed on its way is refused by the hash that was signed', async () => {
    const client = openClient(s3.server, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    client.middlewareStack.add(
      (next) => (args) => {
        if (typeof args.request === 'object' && args.request !== null && 'body' in args.request)
          args.request.body = 'tampered';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const work = client.send(new S.PutObjectCommand({ Bucket: s3.bucket, Key: 'x', Body: 'original' }));
    await expect(work).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
    client.destroy();
  });

  test('a chunked body is stored only when its length and its announced trailers come', async () => {
    const path = `/${s3.bucket}/chunked`;
    const payload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
    const send = async (body: string, headers: Record<string, string>) => {
      const url = presign(s3.server.url, { method: 'PUT', path, expiresS: 60, payload });
      const answer = await fetch(url, { method: 'PUT', body, headers });
      return answer.status === 200 ? '200' : `${answer.status} ${/<Code>(\w+)</.exec(await answer.text())?.[1]}`;
    };
    const framed = (trailer: string) => `5\r\nhello\r\n0\r\n${trailer}\r\n`;
    const length = { 'x-amz-decoded-content-length': '5' };
    const trailer = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
    const crc32 = 'x-amz-checksum-crc32:NhCmhg==\r\n';
    expect(await send(framed(''), { 'x-amz-decoded-content-length': '6' })).toBe('400 IncompleteBody');
    expect(await send(framed(''), { ...length, ...trailer })).toBe('400 MalformedTrailerError');
    expect(await send(framed(crc32.replace('N', 'M')), { ...length, ...trailer })).toBe('400 BadDigest');
    const head = new S.HeadObjectCommand({ Bucket: s3.bucket, Key: 'chunked' });
    await expect(s3.client.send(head)).rejects.toMatchObject({ name: 'NotFound' });
    expect(await send(framed(crc32), { ...length, ...trailer })).toBe('200');
    expect((await s3.client.send(head)).ContentLength).toBe(5);
  });

  test('a request that breaks off in its body stores nothing', async () => {
    const url = new URL(presign(s3.server.url, { method: 'PUT', path: `/${s3.bucket}/broken`, expiresS: 60 }));
    const socket = connect(s3.server.port, '127.0.0.1');
    socket.write(`PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 1000\r\n\r\nhalf`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await once(socket, 'close');
    const head = s3.client.send(new S.HeadObjectCommand({ Bucket: s3.bucket, Key: 'broken' }));
    await expect(head).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('names and operations that it does not know are refused, not mistaken', async () => {
    const { client, bucket: Bucket } = s3;
    await expect(client.send(new S.CreateBucketCommand({ Bucket: 'Upper' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    const escape = presign(s3.server.url, { method: 'PUT', path: '/..%2F..%2Fetc', expiresS: 60 });
    expect((await fetch(escape, { method: 'PUT' })).status).toBe(400);
    await expect(client.send(new S.GetBucketAclCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(client.send(new S.GetObjectCommand({ Bucket, Key: 'up', VersionId: 'x' }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    await expect(client.send(new S.CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    await expect(client.send(new S.DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    const Key = 'k'.repeat(1025);
    await expect(client.send(new S.PutObjectCommand({ Bucket, Key, Body: 'x' }))).rejects.toMatchObject({
      name: 'KeyTooLongError',
    });
  });

  test('buckets are made, listed, described and removed', async () => {
    const { client } = s3;
    const Bucket = 'made-here';
    await client.send(new S.CreateBucketCommand({ Bucket }));
    expect((await client.send(new S.ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    expect((await client.send(new S.HeadBucketCommand({ Bucket }))).BucketRegion).toBe('us-east-1');
    expect((await client.send(new S.GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    const QueueConfigurations = [{ QueueArn: 'arn:aws:sqs:us-east-1:0:q', Events: ['s3:ObjectCreated:*' as const] }];
    const NotificationConfiguration = { QueueConfigurations };
    await client.send(new S.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    const kept = await client.send(new S.GetBucketNotificationConfigurationCommand({ Bucket }));
    expect(kept.QueueConfigurations).toMatchObject(QueueConfigurations);
    await client.send(new S.DeleteBucketCommand({ Bucket }));
    await expect(client.send(new S.HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
  });
});

describe('starting', () => {
  test('is refused in production, on a folder in use and on a port in use', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
    const start = (options: Partial<Parameters<typeof startS3>[0]>) =>
      startS3({ dir, credentials: CREDENTIALS, ...options });
    await expect(start({ environment: 'production' })).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
    await expect(start({ dir: s3.dir })).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
    await expect(start({ port: s3.server.port })).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
    const later = await start({});
    await later.close();
    await later.close();
    await rm(dir, { recursive: true });
  });
});
