import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatShare, formatShort, plural } from '../../src/console/format.js';

describe('the formats', () => {
  it.each([
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(1000), '1.00 kB'],
    [formatBytes(123_456_789), '123 MB'],
    [formatBytes(999_999), '1.00 MB'],
    [formatBytes(9e18), '9.00 EB'],
    [formatDuration(420), '420 ms'],
    [formatDuration(3210), '3.2 s'],
    [formatDuration(250_000), '4 min 10 s'],
    [formatDuration(11_100_000), '3 h 5 min'],
    [formatShare(0.314), '31%'],
    [formatShare(0.021), '2.1%'],
    [formatShort(99_999), '99,999'],
    [formatShort(1_234_567), '1.2M'],
    [plural(1, 'file'), '1 file'],
    [plural(1200, 'crash', 'crashes'), '1,200 crashes'],
  ])('give %s', (given, expected) => {
    expect(given).toBe(expected);
  });
});
