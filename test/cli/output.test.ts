import { expect, test } from 'vitest';
import { drawTable, showBytes, showNumber, toJson } from '../../src/cli/output.js';

const plain = (text: string) => text;
const paint = { bold: plain, dim: plain, good: plain, bad: plain };

test('a table aligns numbers to the right and leaves no blanks at line ends', () => {
  expect(
    drawTable(
      ['name', 'rows'],
      [
        ['a', 5],
        ['bcd', 1234567],
        ['e', undefined],
      ],
      paint,
    ),
  ).toBe(['name       rows', 'a             5', 'bcd   1,234,567', 'e'].join('\n'));
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KB'],
  [12_345_678, '12.3 MB'],
  [345_678_901_234, '346 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(showBytes(bytes)).toBe(text);
});

test('what would steer a terminal is shown as a sign, colours stay', () => {
  const steered = 'a\u001b]0;title\u0007\u001b[2Jb\tc\u009bd\u001b[31mred\u001b[39m';
  expect(drawTable(['name'], [[steered]], paint).split('\n')[1]).toBe(
    'a\ufffd]0;title\ufffd\ufffd[2Jb c\ufffdd\u001b[31mred\u001b[39m',
  );
});

test.each([
  [0.00003, '0.00003'],
  [-1.23456e-7, '-1.2346e-7'],
  [9.223372036854776e18, '9.2234e+18'],
  [1.5e308, '1.5e+308'],
  [0, '0'],
  [Infinity, '∞'],
])('%d is shown as %s', (number, text) => {
  expect(showNumber(number)).toBe(text);
});

test('numbers are grouped and fractions are short', () => {
  expect([showNumber(1234567), showNumber(0.123456), showNumber(10n ** 20n)]).toEqual([
    '1,234,567',
    '0.1235',
    '100,000,000,000,000,000,000',
  ]);
});

test('JSON has integers as numbers up to 2^53, as text beyond, and dates as ISO text', () => {
  expect(toJson({ a: 2n ** 53n - 1n, b: 2n ** 53n, c: new Date(0) })).toBe(
    '{"a":9007199254740991,"b":"9007199254740992","c":"1970-01-01T00:00:00.000Z"}',
  );
});
