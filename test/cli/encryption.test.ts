import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { storeOptions } from '../../src/cli/services.js';
import { parseConfig } from '../../src/shared/config/load.js';
import { openStore } from '../../src/shared/stores/open.js';
import { makeConfig } from '../support/datasets.js';
import { openFaultyProxy } from '../support/faultyProxy.js';
import { CREDENTIALS, openTestS3 } from '../support/s3.js';

test('the lake’s encryption of the configuration is asked for with what is put', async () => {
  const s3 = await openTestS3();
  const proxy = await openFaultyProxy(s3.server.url, () => ({ kind: 'pass' }));
  const folder = await mkdtemp(join(tmpdir(), 'sluice-encryption-'));
  onTestFinished(async () => {
    await proxy.close();
    await s3.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { lake } = makeConfig({
    lake: {
      url: `s3://${s3.bucket}`,
      endpoint: proxy.url,
      ...CREDENTIALS,
      serverSideEncryption: 'aws:kms',
      kmsKeyId: 'alias/lake',
    },
    datasets: { orders: { source: { prefix: 'raw/' } } },
  });
  if (lake === undefined) throw new Error('expected a lake');
  const file = join(folder, 'x');
  await writeFile(file, 'x');
  await openStore(lake.url, storeOptions(lake)).store.putFile({ key: 'k', file });
  const put = proxy.requests.find(({ method }) => method === 'PUT');
  expect(put?.headers['x-amz-server-side-encryption']).toBe('aws:kms');
  expect(put?.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('alias/lake');
});

test('a key without encryption by keys is refused', () => {
  const text = `version: 1
lake: { url: s3://lake, serverSideEncryption: AES256, kmsKeyId: alias/lake }
datasets: { a: { source: { prefix: a/ } } }
`;
  const answer = parseConfig(text, { folder: '/' }, {});
  const faults = answer.kind === 'faults' ? answer.faults.map(({ path, expected }) => `${path}: ${expected}`) : [];
  expect(faults).toEqual(['lake.kmsKeyId: serverSideEncryption: aws:kms or aws:kms:dsse with a key']);
});
