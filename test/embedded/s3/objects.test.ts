import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as S from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestS3, openTestS3 } from '../../support/s3.js';

let s3: TestS3;
let client: S.S3Client;
let Bucket: string;

beforeAll(async () => {
  s3 = await openTestS3();
  client = s3.client;
});
afterAll(() => s3.close());

beforeEach(async () => {
  Bucket = `t-${randomBytes(8).toString('hex')}`;
  await client.send(new S.CreateBucketCommand({ Bucket }));
});

const put = (Key: string, Body: string | Buffer | Readable, more: Partial<S.PutObjectCommandInput> = {}) =>
  client.send(new S.PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: Partial<S.GetObjectCommandInput> = {}) =>
  client.send(new S.GetObjectCommand({ Bucket, Key, ...more }));
const bytesOf = async (answer: S.GetObjectCommandOutput) => Buffer.from(await answer.Body!.transformToByteArray());
const md5 = (data: Buffer) => createHash('md5').update(data).digest();

async function faultOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no fault',
    (error: unknown) =>
      error instanceof S.S3ServiceException ? `${error.$metadata.httpStatusCode} ${error.name}` : String(error),
  );
}

describe('objects', () => {
  test('keep content type, metadata, headers and the MD5 as eTag', async () => {
    await put('a/hello.txt', 'hello', {
      ContentType: 'text/csv',
      Metadata: { foo: 'bar' },
      CacheControl: 'no-cache',
      ContentEncoding: 'gzip',
    });
    const head = await client.send(new S.HeadObjectCommand({ Bucket, Key: 'a/hello.txt' }));
    expect(head).toMatchObject({ ContentLength: 5, ContentType: 'text/csv', Metadata: { foo: 'bar' } });
    expect(head).toMatchObject({ CacheControl: 'no-cache', ContentEncoding: 'gzip', AcceptRanges: 'bytes' });
    expect(head.ETag).toBe(`"${md5(Buffer.from('hello')).toString('hex')}"`);
    expect((await bytesOf(await get('a/hello.txt'))).toString()).toBe('hello');
  });

  test('absent keys are NoSuchKey, absent buckets NoSuchBucket, each 404', async () => {
    expect(await faultOf(get('absent'))).toBe('404 NoSuchKey');
    expect(await faultOf(client.send(new S.HeadObjectCommand({ Bucket, Key: 'absent' })))).toBe('404 NotFound');
    expect(await faultOf(client.send(new S.HeadBucketCommand({ Bucket: 'absent-bucket' })))).toBe('404 NotFound');
    expect(await faultOf(client.send(new S.ListObjectsV2Command({ Bucket: 'absent-bucket' })))).toBe(
      '404 NoSuchBucket',
    );
  });

  test('a streamed body comes in chunks with a trailing checksum, and its framing is not stored', async () => {
    const data = randomBytes(300_000);
    const pieces = Array.from({ length: 6 }, (_, index) => data.subarray(index * 50_000, (index + 1) * 50_000));
    await put('stream.bin', Readable.from(pieces), { ContentLength: data.length });
    const answer = await get('stream.bin');
    expect(answer.ContentEncoding ?? '').toBe('');
    expect((await bytesOf(answer)).equals(data)).toBe(true);
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a %s that the client sends is verified, kept and told',
    async (algorithm) => {
      const sent = await put('c', 'hello', { ChecksumAlgorithm: algorithm });
      const name = `Checksum${algorithm}` as const;
      expect(sent[name]).toBeTypeOf('string');
      expect((await get('c', { ChecksumMode: 'ENABLED' }))[name]).toBe(sent[name]);
      const wrong = Buffer.from(sent[name]!, 'base64');
      wrong[0] = (wrong[0]! + 1) % 256;
      expect(await faultOf(put('c', 'hello', { [name]: wrong.toString('base64') }))).toBe('400 BadDigest');
    },
  );

  test('a body that is not what its MD5 says is BadDigest, and nothing is stored', async () => {
    expect(await faultOf(put('bad', 'hello', { ContentMD5: md5(Buffer.from('other')).toString('base64') }))).toBe(
      '400 BadDigest',
    );
    expect(await faultOf(get('bad'))).toBe('404 NoSuchKey');
    await put('bad', 'hello', { ContentMD5: md5(Buffer.from('hello')).toString('base64') });
  });

  test('ranges: inside, from the end, open, beyond', async () => {
    await put('r', '0123456789');
    for (const [Range, text, told] of [
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=5-', '56789', 'bytes 5-9/10'],
      ['bytes=8-99', '89', 'bytes 8-9/10'],
    ] as const) {
      const answer = await get('r', { Range });
      expect([answer.$metadata.httpStatusCode, answer.ContentRange]).toEqual([206, told]);
      expect((await bytesOf(answer)).toString()).toBe(text);
    }
    expect(await faultOf(get('r', { Range: 'bytes=50-60' }))).toBe('416 InvalidRange');
    expect((await bytesOf(await get('r', { Range: 'bytes=4-2' }))).toString()).toBe('0123456789');
  });

  test('reads with conditions: 304 where nothing changed, 412 where it did', async () => {
    const { ETag } = await put('k', '1');
    expect(await faultOf(get('k', { IfNoneMatch: ETag }))).toMatch(/^304 /);
    expect(await faultOf(get('k', { IfMatch: '"x"' }))).toBe('412 PreconditionFailed');
    expect((await bytesOf(await get('k', { IfMatch: ETag, IfNoneMatch: '"x"' }))).toString()).toBe('1');
  });

  test('writes with conditions: If-None-Match, If-Match', async () => {
    const first = await put('k', '1', { IfNoneMatch: '*' });
    expect(await faultOf(put('k', '2', { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
    await put('k', '2', { IfMatch: first.ETag });
    expect(await faultOf(put('k', '3', { IfMatch: first.ETag }))).toBe('412 PreconditionFailed');
    expect(await faultOf(put('absent', '3', { IfMatch: first.ETag }))).toBe('404 NoSuchKey');
    expect((await bytesOf(await get('k'))).toString()).toBe('2');
  });

  test('a refused conditional write of a large body costs no upload and leaves the connection usable', async () => {
    await put('k', '1');
    for (let round = 0; round < 3; round++)
      expect(await faultOf(put('k', Buffer.alloc(6 * 1024 * 1024), { IfNoneMatch: '*' }))).toBe(
        '412 PreconditionFailed',
      );
    expect((await bytesOf(await get('k'))).toString()).toBe('1');
  });

  test('of twenty conditional writers exactly one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => faultOf(put('race', String(writer), { IfNoneMatch: '*' }))),
    );
    expect(answers.filter((answer) => answer === 'no fault')).toHaveLength(1);
    expect(answers.filter((answer) => answer === '412 PreconditionFailed')).toHaveLength(19);
  });

  test('of twenty writers that expect the same version exactly one wins', async () => {
    const { ETag } = await put('race', 'base');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => faultOf(put('race', `w${writer}`, { IfMatch: ETag }))),
    );
    expect(answers.filter((answer) => answer === 'no fault')).toHaveLength(1);
  });

  test('tags are put, read, counted and deleted, and the bytes stay', async () => {
    await put('t', 'bytes', { Tagging: 'a=1&b=x%20y' });
    const tags = async () => (await client.send(new S.GetObjectTaggingCommand({ Bucket, Key: 't' }))).TagSet;
    expect(await tags()).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: 'x y' },
    ]);
    const TagSet = [{ Key: 'sta<te', Value: 'lo&aded' }];
    await client.send(new S.PutObjectTaggingCommand({ Bucket, Key: 't', Tagging: { TagSet } }));
    expect(await tags()).toEqual(TagSet);
    expect((await get('t')).TagCount).toBe(1);
    await client.send(new S.DeleteObjectTaggingCommand({ Bucket, Key: 't' }));
    expect(await tags()).toEqual([]);
    expect((await bytesOf(await get('t'))).toString()).toBe('bytes');
  });

  test('copies within and between buckets, with metadata kept or replaced', async () => {
    await put('sp ace/a+b.txt', 'v', { Metadata: { a: '1' }, Tagging: 'k=v' });
    const CopySource = `${Bucket}/${encodeURIComponent('sp ace/a+b.txt')}`;
    await client.send(new S.CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
    expect((await get('copy')).Metadata).toEqual({ a: '1' });
    const other = `${Bucket}-2`;
    await client.send(new S.CreateBucketCommand({ Bucket: other }));
    const replaced = { MetadataDirective: 'REPLACE', Metadata: { b: '2' } } as const;
    await client.send(new S.CopyObjectCommand({ Bucket: other, Key: 'copy', CopySource, ...replaced }));
    await client.send(new S.DeleteObjectCommand({ Bucket, Key: 'sp ace/a+b.txt' }));
    const answer = await client.send(new S.GetObjectCommand({ Bucket: other, Key: 'copy' }));
    expect(answer.Metadata).toEqual({ b: '2' });
    expect((await bytesOf(answer)).toString()).toBe('v');
    expect(await faultOf(client.send(new S.CopyObjectCommand({ Bucket, Key: 'x', CopySource })))).toBe('404 NoSuchKey');
  });

  test('a thousand keys are deleted at once, told or quietly', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `d/${index} <&>"'\u0001`);
    await Promise.all(keys.map((key) => put(key, 'x')));
    const Objects = keys.map((Key) => ({ Key }));
    const told = await client.send(new S.DeleteObjectsCommand({ Bucket, Delete: { Objects: Objects.slice(0, 20) } }));
    expect(told.Deleted?.map(({ Key }) => Key)).toEqual(keys.slice(0, 20));
    const quiet = await client.send(new S.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    expect(quiet.Deleted ?? []).toEqual([]);
    expect((await client.send(new S.ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });
});

describe('listings', () => {
  test('pages with a delimiter tell every group once', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, index) => put(`m/${index % 10}/${index}`, 'x')));
    const groups: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new S.ListObjectsV2Command({ Bucket, Prefix: 'm/', Delimiter: '/', MaxKeys: 3, ContinuationToken }),
      );
      groups.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(groups).toEqual(Array.from({ length: 10 }, (_, index) => `m/${index}/`));
  });

  test('version 1 pages by marker', async () => {
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => put(key, 'x')));
    const first = await client.send(new S.ListObjectsCommand({ Bucket, MaxKeys: 2 }));
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['a', 'b']);
    const second = await client.send(new S.ListObjectsCommand({ Bucket, MaxKeys: 9, Marker: first.NextMarker ?? 'b' }));
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['c', 'd', 'e']);
    expect(second.IsTruncated).toBe(false);
  });
});

describe('multipart uploads', () => {
  const PART = 5 * 1024 * 1024;
  const start = (Key: string) => client.send(new S.CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'x/y' }));
  const part = (Key: string, UploadId: string | undefined, PartNumber: number, Body: Buffer) =>
    client.send(new S.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  const complete = (Key: string, UploadId: string | undefined, Parts: S.CompletedPart[], IfNoneMatch?: string) =>
    client.send(
      new S.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, IfNoneMatch }),
    );

  test('become one object with the eTag of its parts; a part sent again counts once', async () => {
    const { UploadId } = await start('mp');
    const data = [randomBytes(PART), randomBytes(PART), randomBytes(1000)];
    await part('mp', UploadId, 2, randomBytes(PART));
    const parts: S.CompletedPart[] = [];
    for (const [index, body] of data.entries())
      parts.push({ PartNumber: index + 1, ETag: (await part('mp', UploadId, index + 1, body)).ETag });
    const listed = await client.send(new S.ListPartsCommand({ Bucket, Key: 'mp', UploadId }));
    expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, PART],
      [2, PART],
      [3, 1000],
    ]);
    const { ETag } = await complete('mp', UploadId, parts);
    expect(ETag).toBe(`"${md5(Buffer.concat(data.map(md5))).toString('hex')}-3"`);
    const whole = Buffer.concat(data);
    const answer = await get('mp');
    expect(answer.ContentType).toBe('x/y');
    expect((await bytesOf(answer)).equals(whole)).toBe(true);
    const Range = `bytes=${PART - 10}-${2 * PART + 9}`;
    expect((await bytesOf(await get('mp', { Range }))).equals(whole.subarray(PART - 10, 2 * PART + 10))).toBe(true);
    expect(await faultOf(complete('mp', UploadId, parts))).toBe('404 NoSuchUpload');
  });

  test('refuse parts that are unknown, out of order or too small, and an existing key under If-None-Match', async () => {
    const { UploadId } = await start('mp');
    const one = { PartNumber: 1, ETag: (await part('mp', UploadId, 1, randomBytes(1000))).ETag };
    const two = { PartNumber: 2, ETag: (await part('mp', UploadId, 2, randomBytes(PART))).ETag };
    expect(await faultOf(complete('mp', UploadId, [one, two]))).toBe('400 EntityTooSmall');
    expect(await faultOf(complete('mp', UploadId, [two, one]))).toBe('400 InvalidPartOrder');
    expect(await faultOf(complete('mp', UploadId, [{ PartNumber: 3, ETag: '"x"' }]))).toBe('400 InvalidPart');
    await put('mp', 'first');
    expect(await faultOf(complete('mp', UploadId, [two], '*'))).toBe('412 PreconditionFailed');
    expect((await bytesOf(await get('mp'))).toString()).toBe('first');
    await complete('mp', UploadId, [two]);
    expect((await get('mp')).ContentLength).toBe(PART);
  });

  test('are read whole while they are overwritten and deleted', async () => {
    const { UploadId } = await start('k');
    const data = [randomBytes(PART), randomBytes(PART), randomBytes(PART)];
    const parts: S.CompletedPart[] = [];
    for (const [index, body] of data.entries())
      parts.push({ PartNumber: index + 1, ETag: (await part('k', UploadId, index + 1, body)).ETag });
    await complete('k', UploadId, parts);
    const answer = await get('k');
    await put('k', 'other');
    await client.send(new S.DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect((await bytesOf(answer)).equals(Buffer.concat(data))).toBe(true);
    const blobs = join(s3.dir, 'buckets', Bucket, 'blobs');
    const files = async () =>
      (await Promise.all((await readdir(blobs)).map((shard) => readdir(join(blobs, shard))))).flat();
    await expect.poll(files).toEqual([]);
  });

  test('are listed until they are aborted', async () => {
    const { UploadId } = await start('gone');
    await part('gone', UploadId, 1, Buffer.alloc(10));
    const uploads = async () => (await client.send(new S.ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
    expect((await uploads()).map((upload) => upload.UploadId)).toEqual([UploadId]);
    await client.send(new S.AbortMultipartUploadCommand({ Bucket, Key: 'gone', UploadId }));
    expect(await uploads()).toEqual([]);
    expect(await faultOf(part('gone', UploadId, 1, Buffer.alloc(10)))).toBe('404 NoSuchUpload');
  });
});
