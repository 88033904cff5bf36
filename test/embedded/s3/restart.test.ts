import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as S from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedS3, startS3 } from '../../../src/embedded/s3/server.js';
import { CREDENTIALS, openClient } from '../../support/s3.js';

const Bucket = 'kept';
let dir: string;
let server: EmbeddedS3;
let client: S.S3Client;

async function start(options: { isDurable?: boolean } = {}): Promise<void> {
  server = await startS3({ dir, credentials: CREDENTIALS, buckets: [Bucket], ...options });
  client = openClient(server);
}

async function restart(): Promise<void> {
  await server.close();
  await start();
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const put = (Key: string, Body: string | Buffer, more: Partial<S.PutObjectCommandInput> = {}) =>
  client.send(new S.PutObjectCommand({ Bucket, Key, Body, ...more }));
const textOf = async (Key: string) =>
  (await client.send(new S.GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
const keys = async () =>
  ((await client.send(new S.ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);

test.each([false, true])('objects, tags and uploads survive a restart (durable: %s)', async (isDurable) => {
  await start({ isDurable });
  await put('a', 'one', { Metadata: { m: '1' }, ContentType: 'x/y' });
  await put('b', 'two');
  await put('b', 'three');
  await put('gone', 'x');
  await client.send(new S.DeleteObjectCommand({ Bucket, Key: 'gone' }));
  const Tagging = { TagSet: [{ Key: 'k', Value: 'v' }] };
  await client.send(new S.PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging }));
  const { UploadId } = await client.send(new S.CreateMultipartUploadCommand({ Bucket, Key: 'mp' }));
  const part = await client.send(new S.UploadPartCommand({ Bucket, Key: 'mp', UploadId, PartNumber: 1, Body: 'part' }));
  const before = await client.send(new S.HeadObjectCommand({ Bucket, Key: 'a' }));
  await restart();
  expect(await keys()).toEqual(['a', 'b']);
  expect(await textOf('b')).toBe('three');
  const after = await client.send(new S.HeadObjectCommand({ Bucket, Key: 'a' }));
  expect(after).toMatchObject({ ETag: before.ETag, LastModified: before.LastModified, Metadata: { m: '1' } });
  expect((await client.send(new S.GetObjectTaggingCommand({ Bucket, Key: 'a' }))).TagSet).toEqual(Tagging.TagSet);
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  await client.send(new S.CompleteMultipartUploadCommand({ Bucket, Key: 'mp', UploadId, MultipartUpload }));
  await restart();
  expect(await textOf('mp')).toBe('part');
});

test('a torn last line of the journal is cut off, and what follows it is whole', async () => {
  await start();
  await put('a', 'one');
  await server.close();
  const journal = join(dir, 'buckets', Bucket, 'journal.jsonl');
  await appendFile(journal, '{"op":"put","object":{"key":"torn","se');
  await start();
  expect(await keys()).toEqual(['a']);
  await put('b', 'two');
  await restart();
  expect(await keys()).toEqual(['a', 'b']);
});

test('a journal that is damaged elsewhere is not served', async () => {
  await start();
  await put('a', 'one');
  await put('b', 'two');
  await server.close();
  const journal = join(dir, 'buckets', Bucket, 'journal.jsonl');
  await copyFile(journal, `${journal}.kept`);
  const text = await readFile(journal, 'utf8');
  await writeFile(journal, text.replace('"key":"a"', '"kez":"a"'));
  await expect(start()).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
  await copyFile(`${journal}.kept`, journal);
  await start();
  expect(await keys()).toEqual(['a', 'b']);
});

test('a journal with many dead lines is written anew, and files that no object names are removed', async () => {
  await start();
  for (let round = 0; round < 1100; round++) await put('k', `round ${round}`);
  await server.close();
  const journal = join(dir, 'buckets', Bucket, 'journal.jsonl');
  const blobs = join(dir, 'buckets', Bucket, 'blobs');
  await writeFile(join(blobs, 'aa', 'aa000000000000000000000000000000'), 'never committed');
  const linesOf = async () => (await readFile(journal, 'utf8')).split('\n').length - 1;
  expect(await linesOf()).toBe(1100);
  await start();
  expect(await linesOf()).toBe(2);
  expect(await textOf('k')).toBe('round 1099');
  const shards = await Promise.all((await readdir(blobs)).map((shard) => readdir(join(blobs, shard))));
  expect(shards.flat()).toHaveLength(1);
});

test('a killed process leaves every object that it answered for, whole, and nothing else', async () => {
  const child = fork(fileURLToPath(new URL('../../support/s3Child.ts', import.meta.url)), [dir], {
    execArgv: ['--import', 'tsx'],
  });
  const [url] = await once(child, 'message');
  const endpoint = { endpoint: String(url), region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS };
  const writer = new S.S3Client({ ...endpoint, maxAttempts: 1 });
  const answered = new Map<string, Buffer>();
  let answers = 0;
  const writing = Array.from({ length: 8 }, async (_, lane) => {
    for (let index = 0; ; index++) {
      const body = Buffer.alloc(1 + ((lane * 7919 + index * 104_729) % 300_000), `${lane}:${index};`);
      const Key = `${lane}/${index % 20}`;
      answered.delete(Key);
      await writer.send(new S.PutObjectCommand({ Bucket: 'crash', Key, Body: body }));
      answered.set(Key, body);
      if (++answers === 300) child.kill('SIGKILL');
    }
  });
  await Promise.allSettled(writing);
  await once(child, 'exit');
  expect(answered.size).toBeGreaterThan(10);
  await start();
  for (const [Key, body] of answered) {
    const answer = await client.send(new S.GetObjectCommand({ Bucket: 'crash', Key }));
    expect(Buffer.from(await answer.Body!.transformToByteArray()).equals(body)).toBe(true);
  }
});
