import { expect, it } from 'vitest';
import { openPrefixTable } from '../../src/producers/prefixTable.js';
import { fc } from '../support/fc.js';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 5 });

it('finds what looking at every prefix finds, the longest first', () => {
  fc.assert(
    fc.property(fc.array(text), text, (prefixes, key) => {
      const entries = prefixes.map((prefix, index) => [prefix, index] as const);
      const all = entries.filter(([prefix]) => key.startsWith(prefix)).sort(([a], [b]) => b.length - a.length);
      expect(openPrefixTable(entries)(key)).toEqual(all.map(([, index]) => index));
    }),
  );
});

it('finds nothing in an empty table, and an empty prefix for every key', () => {
  expect(openPrefixTable([])('a')).toEqual([]);
  expect(openPrefixTable([['', 1]])('')).toEqual([1]);
});
