import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { fc } from '../../support/fc.js';
import { expect, test } from 'vitest';
import { encodeSigned, signGet } from '../../../src/shared/stores/s3Sign.js';

const AT = new Date('2013-05-24T00:00:00Z');
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

test('the example of the S3 reference has its signature', () => {
  const signed = signGet(
    { path: '/test.txt', query: '', headers: { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' } },
    { region: 'us-east-1', credentials },
    AT,
  );
  expect(signed['authorization']).toContain('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
  expect(signed['x-amz-date']).toBe('20130524T000000Z');
});

class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(secret as Uint8Array));
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

test("any key, version and token is signed as the SDK's own signer does", async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      text,
      text,
      fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,20}$/)),
      async (key, version, token) => {
        const own = { ...credentials, ...(token === null ? {} : { sessionToken: token }) };
        const path = `/bucket/${key.split('/').map(encodeSigned).join('/')}`;
        const headers = { host: 'store.example:9000', 'if-match': '"abc-1"', 'x-amz-checksum-mode': 'ENABLED' };
        const signed = signGet(
          { path, query: `versionId=${encodeSigned(version)}`, headers },
          { region: 'eu-west-1', credentials: own },
          AT,
        );
        const signer = new SignatureV4({
          service: 's3',
          region: 'eu-west-1',
          credentials: own,
          sha256: Sha256,
          uriEscapePath: false,
        });
        const request = {
          protocol: 'http:',
          hostname: 'store.example',
          method: 'GET',
          path,
          query: { versionId: version },
        };
        const expected = await signer.sign({ ...request, headers }, { signingDate: AT });
        const signature = /Signature=(\w+)/;
        expect(signature.exec(signed['authorization'] ?? '')?.[1]).toBe(
          signature.exec(expected.headers['authorization'] ?? '')?.[1],
        );
      },
    ),
    { numRuns: 50 },
  );
});
