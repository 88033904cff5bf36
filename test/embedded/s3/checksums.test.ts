import { expect, test } from 'vitest';
import { type ChecksumName, createChecksum } from '../../../src/embedded/s3/checksums.js';

// The check values of the CRC catalogue (reveng.sourceforge.io/crc-catalogue) and of FIPS 180 for "123456789".
test.each<[ChecksumName, string]>([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
])('%s of "123456789" is its published check value, in one chunk or in nine', (name, expected) => {
  const whole = createChecksum(name);
  whole.update(Buffer.from('123456789'));
  expect(Buffer.from(whole.digest(), 'base64').toString('hex')).toBe(expected);
  const pieces = createChecksum(name);
  for (const digit of '123456789') pieces.update(Buffer.from(digit));
  expect(Buffer.from(pieces.digest(), 'base64').toString('hex')).toBe(expected);
});
