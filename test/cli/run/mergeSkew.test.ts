import { expect, test } from 'vitest';
import { mergeSkew } from '../../../src/cli/run/mergeSkew.js';

const finding = (name: string, data: object) => ({ dataset: 'd', name, data });

test('rows of a key that is hot in every batch are summed; other keys, and columns skewed in no batch, are left out', () => {
  const merged = mergeSkew([
    finding('origin', { rows: 100, keys: 10, skewed: true, hotKeys: [{ key: 'ORD', rows: 40 }] }),
    finding('origin', {
      rows: 300,
      keys: 20,
      skewed: false,
      hotKeys: [
        { key: 'DFW', rows: 90 },
        { key: 'ORD', rows: 60 },
      ],
    }),
    finding('even', { rows: 400, keys: 400, skewed: false, hotKeys: [] }),
  ]);
  expect(merged).toEqual([
    {
      dataset: 'd',
      column: 'origin',
      topShare: 0.25,
      maxOverMean: 5,
      hotKeys: [{ key: 'ORD', rows: 100, share: 0.25 }],
    },
  ]);
});

test('a finding of another shape is passed over', () => {
  expect(mergeSkew([finding('a', { strange: true })])).toEqual([]);
});
