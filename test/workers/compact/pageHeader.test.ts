import { expect, test } from 'vitest';
import { readPageHeader } from '../../../src/workers/compact/pageHeader.js';
import { fc } from '../../support/fc.js';

/** A data page header: type 0, 300 bytes plain, 200 packed, CRC -2, then DataPageHeader {num_values 5, encodings, statistics}. */
const HEADER = Buffer.from(
  ['1500', '15d804', '159003', '1503', '1c', '150a', '1500', '1506', '1506', '1c1801611801620000', '00'].join(''),
  'hex',
);

test('the header tells the size, the CRC and where the data begins', () => {
  expect(readPageHeader(HEADER, 0)).toEqual({ bytes: 200, crc: 0xfffffffe, dataAt: HEADER.length });
  expect(readPageHeader(Buffer.concat([Buffer.from('PAR1'), HEADER]), 4)).toEqual({
    bytes: 200,
    crc: 0xfffffffe,
    dataAt: HEADER.length + 4,
  });
});

test('a header that ends early is none', () => {
  for (let end = 0; end < HEADER.length; end++) expect(readPageHeader(HEADER.subarray(0, end), 0)).toBeUndefined();
});

test('no bytes make it throw or run on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const header = readPageHeader(bytes, 0);
      expect(header === undefined || header.dataAt > 0).toBe(true);
    }),
  );
});

test('statistics of any bytes are passed over', () => {
  const text = HEADER.toString('hex').replace('180161180162', '1805ffffffffff1803ffffff');
  const header = Buffer.from(text, 'hex');
  expect(readPageHeader(header, 0)).toEqual({ bytes: 200, crc: 0xfffffffe, dataAt: header.length });
});
