import { expect, test } from 'vitest';
import { readPageHeader } from '../../../src/workers/compact/pageHeader.js';
import { THRIFT, ThriftCursor } from '../../../src/workers/compact/thrift.js';

/** More than 2^55, as a varint. */
const HUGE = 'f3ffffffffffff7f'.slice(2);

test('a list that claims more values than there are bytes is none, whatever its values are, and at once', () => {
  for (const type of ['byte', 'double', 'i64', 'binary', 'true', 'false', 'list', 'struct'] as const)
    for (const kind of [THRIFT.list, THRIFT.set]) {
      const bytes = Buffer.from(`f${THRIFT[type].toString(16)}${HUGE}00000000`, 'hex');
      expect(() => new ThriftCursor(bytes, 0).skip(kind, 0)).toThrow(RangeError);
      // Field 1 of a page header, of that type.
      const header = Buffer.concat([Buffer.from([0x10 + kind]), bytes, Buffer.from('00', 'hex')]);
      expect(readPageHeader(header, 0)).toBeUndefined();
    }
});

test('a value that ends behind the bytes is none', () => {
  for (const [type, hex] of [
    ['byte', ''],
    ['double', '00000000000000'],
    ['binary', '0541'],
    ['i64', 'ff'],
  ] as const)
    expect(() => new ThriftCursor(Buffer.from(hex, 'hex'), 0).skip(THRIFT[type], 0)).toThrow(RangeError);
});
