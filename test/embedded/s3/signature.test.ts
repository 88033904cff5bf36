import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeChunks } from '../../../src/embedded/s3/chunks.js';
import { S3Fault } from '../../../src/embedded/s3/fault.js';
import { type SignedRequest, verifySignature } from '../../../src/embedded/s3/signature.js';

// The worked examples of the S3 documentation: sig-v4-header-based-auth, sigv4-query-string-auth, sigv4-streaming,
// sigv4-streaming-trailers.
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const nowMs = Date.parse('2013-05-24T00:00:00Z');
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const EMPTY = createHash('sha256').update('').digest('hex');

function signed(request: Partial<SignedRequest> & { signedHeaders: string; signature: string }): SignedRequest {
  const { signedHeaders, signature, headers, ...rest } = request;
  return {
    method: 'GET',
    rawPath: '/',
    query: new URLSearchParams(),
    ...rest,
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-content-sha256': EMPTY,
      'x-amz-date': '20130524T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`,
      ...headers,
    },
  };
}

const GET_OBJECT = signed({
  rawPath: '/test.txt',
  headers: { range: 'bytes=0-9' },
  signedHeaders: 'host;range;x-amz-content-sha256;x-amz-date',
  signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
});

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'no fault';
  } catch (error) {
    return error instanceof S3Fault ? `${error.status} ${error.code}` : String(error);
  }
}

describe('verifySignature accepts the documented examples', () => {
  test.each([
    ['GET of an object with a range', GET_OBJECT],
    [
      'PUT of an object with an escaped key',
      signed({
        method: 'PUT',
        rawPath: '/test%24file.text',
        headers: {
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        },
        signedHeaders: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      }),
    ],
    [
      'GET of a sub-resource without a value',
      signed({
        query: new URLSearchParams('?lifecycle'),
        signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
        signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      }),
    ],
    [
      'GET of a listing',
      signed({
        query: new URLSearchParams('?prefix=J&max-keys=2'),
        signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
        signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      }),
    ],
  ])('%s', (_name, request) => {
    expect(codeOf(() => verifySignature(request, { credentials, nowMs }))).toBe('no fault');
  });

  test('a presigned GET, until it expires', () => {
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': SCOPE,
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    });
    const headers = { host: 'examplebucket.s3.amazonaws.com' };
    const request: SignedRequest = { method: 'GET', rawPath: '/test.txt', query, headers };
    const at = (ms: number) => codeOf(() => verifySignature(request, { credentials, nowMs: ms }));
    expect(at(nowMs)).toBe('no fault');
    expect(at(nowMs + 86_400_000)).toBe('no fault');
    expect(at(nowMs + 86_401_000)).toBe('403 AccessDenied');
    expect(at(nowMs - 3_600_000)).toBe('403 AccessDenied');
    expect(codeOf(() => verifySignature({ ...request, method: 'DELETE' }, { credentials, nowMs }))).toBe(
      '403 SignatureDoesNotMatch',
    );
  });
});

describe('verifySignature refuses', () => {
  test.each<[string, Partial<SignedRequest>, string]>([
    ['another path', { rawPath: '/test2.txt' }, '403 SignatureDoesNotMatch'],
    ['another method', { method: 'PUT' }, '403 SignatureDoesNotMatch'],
    ['another query', { query: new URLSearchParams('?a=b') }, '403 SignatureDoesNotMatch'],
    [
      'a changed signed header',
      { headers: { ...GET_OBJECT.headers, range: 'bytes=0-10' } },
      '403 SignatureDoesNotMatch',
    ],
    ['no authorization', { headers: { ...GET_OBJECT.headers, authorization: undefined } }, '403 AccessDenied'],
    ['no date', { headers: { ...GET_OBJECT.headers, 'x-amz-date': undefined } }, '403 AccessDenied'],
  ])('%s', (_name, change, expected) => {
    expect(codeOf(() => verifySignature({ ...GET_OBJECT, ...change }, { credentials, nowMs }))).toBe(expected);
  });

  test('a clock that is off by more than 15 minutes, an unknown key, another secret', () => {
    const verify = (given: Partial<Parameters<typeof verifySignature>[1]>) =>
      codeOf(() => verifySignature(GET_OBJECT, { credentials, nowMs, ...given }));
    expect(verify({ nowMs: nowMs + 901_000 })).toBe('403 RequestTimeTooSkewed');
    expect(verify({ nowMs: nowMs - 901_000 })).toBe('403 RequestTimeTooSkewed');
    expect(verify({ credentials: { ...credentials, accessKeyId: 'other' } })).toBe('403 InvalidAccessKeyId');
    expect(verify({ credentials: { ...credentials, secretAccessKey: 'other' } })).toBe('403 SignatureDoesNotMatch');
  });
});

describe('signed chunks', () => {
  const DATA = Buffer.alloc(66_560, 'a');
  const plain = verifySignature(
    signed({
      method: 'PUT',
      rawPath: '/examplebucket/chunkObject.txt',
      headers: {
        host: 's3.amazonaws.com',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '66560',
        'content-length': '66824',
      },
      signedHeaders:
        'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    }),
    { credentials, nowMs },
  ).chunks;
  const trailing = verifySignature(
    signed({
      method: 'PUT',
      rawPath: '/examplebucket/chunkObject.txt',
      headers: {
        host: 's3.amazonaws.com',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '66560',
        'x-amz-trailer': 'x-amz-checksum-crc32c',
      },
      signedHeaders:
        'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
      signature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    }),
    { credentials, nowMs },
  ).chunks;

  const body = (signatures: readonly string[], trailer = '') =>
    Buffer.concat([
      Buffer.from(`10000;chunk-signature=${signatures[0]}\r\n`),
      DATA.subarray(0, 65_536),
      Buffer.from(`\r\n400;chunk-signature=${signatures[1]}\r\n`),
      DATA.subarray(65_536),
      Buffer.from(`\r\n0;chunk-signature=${signatures[2]}\r\n${trailer}\r\n`),
    ]);
  const PLAIN = [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ];
  const TRAILING = [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ];
  const TRAILER =
    'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n';

  async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const decode = async (bytes: Buffer, key: typeof plain | undefined, size = 1000) => {
    const { data, trailers } = decodeChunks(inPieces(bytes, size), key);
    const chunks: Buffer[] = [];
    for await (const chunk of data) chunks.push(chunk);
    return { data: Buffer.concat(chunks), trailers: Object.fromEntries(trailers) };
  };
  const faultOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'no fault',
      (error: unknown) => (error instanceof S3Fault ? error.code : String(error)),
    );

  test.each([1, 7, 1000, 1_000_000])(
    'are decoded and verified, however the bytes are cut: %i at a time',
    async (size) => {
      expect((await decode(body(PLAIN), plain, size)).data.equals(DATA)).toBe(true);
      const read = await decode(body(TRAILING, TRAILER), trailing, size);
      expect(read.data.equals(DATA)).toBe(true);
      expect(read.trailers['x-amz-checksum-crc32c']).toBe('sOO8/Q==');
    },
  );

  test('are refused when a byte, a signature, a trailer or the end differs', async () => {
    const flipped = body(PLAIN);
    flipped[30_000] = 0x62;
    expect(await faultOf(decode(flipped, plain))).toBe('SignatureDoesNotMatch');
    expect(await faultOf(decode(body([PLAIN[0]!, PLAIN[0]!, PLAIN[2]!]), plain))).toBe('SignatureDoesNotMatch');
    expect(await faultOf(decode(body(TRAILING, TRAILER.replace('sOO8', 'sOO9')), trailing))).toBe(
      'SignatureDoesNotMatch',
    );
    expect(await faultOf(decode(body(TRAILING, TRAILER.slice(0, 32)), trailing))).toBe('SignatureDoesNotMatch');
    expect(await faultOf(decode(body(PLAIN).subarray(0, 66_000), plain))).toBe('IncompleteBody');
    expect(await faultOf(decode(body(PLAIN).subarray(0, 50), plain))).toBe('IncompleteBody');
    expect(await faultOf(decode(Buffer.from('xyz\r\n'), plain))).toBe('InvalidRequest');
    expect(await faultOf(decode(Buffer.from('5\r\nhello\r\n0\r\n\r\n'), plain))).toBe('SignatureDoesNotMatch');
  });

  test('without a key only the framing is read', async () => {
    const read = await decode(
      Buffer.from('5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
      undefined,
      3,
    );
    expect(read).toEqual({ data: Buffer.from('hello!'), trailers: { 'x-amz-checksum-crc32': 'AAAAAA==' } });
  });
});
