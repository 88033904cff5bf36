import fc from 'fast-check';
import { types } from 'pg';
import { expect, test } from 'vitest';
import { plainArray, textArray } from '../../../src/shared/postgres/arrayText.js';

/** The driver's own reader of text[], which its types do not name. */
const TEXT_ARRAY: number = 1009;
const { getTypeParser }: { getTypeParser(oid: number, format: 'text'): (text: string) => unknown } = types;
const parse = getTypeParser(TEXT_ARRAY, 'text');

test('an array of texts is read back as it was, whatever stands in them', () => {
  const odd = fc.constantFrom('', 'NULL', 'null', '{}', ',', '"', '\\', '\\"', ' a ', "it's", 'tab\tline\n', 'ünï→🦆');
  const value = fc.option(fc.oneof(odd, fc.string(), fc.string({ unit: 'binary' })));
  fc.assert(
    fc.property(fc.array(value), (values) => {
      expect(parse(textArray(values))).toEqual(values);
    }),
  );
});

test('an array of texts is written with quotes, a null without', () => {
  expect(textArray(['a', null, 'b"c\\'])).toBe('{"a",NULL,"b\\"c\\\\"}');
  expect(textArray([])).toBe('{}');
});

test('values that need no quotes get none', () => {
  expect(plainArray([1, 2 ** 53 - 1, '0b0e'])).toBe('{1,9007199254740991,0b0e}');
  expect(plainArray([])).toBe('{}');
});
