import { describe, expect, it } from 'vitest';
import { middleKey } from '../../src/producers/listing/middleKey.js';
import { type KeyRange, walkRanges } from '../../src/producers/listing/walkRanges.js';
import { compareKeys } from '../../src/shared/stores/keys.js';
import { listedStore } from '../support/listedStore.js';
import { fc } from '../support/fc.js';

const text = fc.string({ unit: 'binary', maxLength: 12 });

describe('middleKey', () => {
  it('lies between the two in the order of stores, whatever they are', () => {
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), (after, until) => {
        fc.pre(until === undefined || compareKeys(after, until) < 0);
        const middle = middleKey(after, until);
        if (middle === undefined) return;
        expect(compareKeys(after, middle)).toBeLessThan(0);
        if (until !== undefined) expect(compareKeys(middle, until)).toBeLessThan(0);
      }),
    );
  });

  it.each([
    ['a/1', 'a/9', 'a/5'],
    ['', undefined, '@'],
    ['a', 'b', 'a@'],
    ['x\u{10ffff}', 'x\u{10ffff}\u{1}', undefined],
  ])('between %j and %j is %j', (after, until, expected) => {
    expect(middleKey(after, until)).toBe(expected);
  });
});

describe('walkRanges', () => {
  it('gives every key once, however many list and however the keys are spread', async () => {
    const key = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', '/', '0', '1', '~', '\u{ff}', '\u{1f986}'), maxLength: 8 }),
      fc.integer({ min: 0, max: 2000 }).map((number) => `dt=2026/part-${String(number).padStart(6, '0')}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 300 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom('', 'raw/'),
        async (names, parallel, prefix) => {
          const keys = names.filter((name) => name !== '').map((name) => prefix + name);
          const store = listedStore({ keys: [...keys, 'other', 'zz'], pageSize: 3, slow: true });
          const wanted = [...keys, 'other', 'zz'].filter((name) => name.startsWith(prefix));
          const seen: string[] = [];
          const ranges: KeyRange[] = [{ after: '', isDone: false }];
          await walkRanges({
            store,
            prefix,
            parallel,
            ranges,
            onPage: async (objects, range) => {
              await new Promise((resolve) => setImmediate(resolve));
              seen.push(...objects.map((object) => object.key));
              range.after = objects.at(-1)?.key ?? range.after;
              return true;
            },
          });
          expect([...seen].sort(compareKeys)).toEqual([...new Set(wanted)].sort(compareKeys));
          expect(ranges.every(({ isDone }) => isDone)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('shares the work of one long listing among several', async () => {
    const keys = Array.from({ length: 4000 }, (_, number) => `raw/orders/dt=${number % 7}/part-${number}.csv`);
    const store = listedStore({ keys, pageSize: 10, slow: true });
    let atOnce = 0;
    let most = 0;
    await walkRanges({
      store,
      prefix: 'raw/',
      parallel: 4,
      ranges: [{ after: '', isDone: false }],
      onPage: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setTimeout(resolve, 1));
        atOnce -= 1;
        return true;
      },
    });
    expect(most).toBe(4);
    // 400 full pages, and what it costs to find where keys lie.
    expect(store.listings()).toBeLessThan(400);
  });

  it('stops all when one page fails, with its error', async () => {
    const keys = Array.from({ length: 500 }, (_, number) => `k${number}`);
    const walk = walkRanges({
      store: listedStore({ keys, pageSize: 10 }),
      prefix: '',
      parallel: 3,
      ranges: [{ after: '', isDone: false }],
      onPage: (objects) =>
        objects.some(({ key }) => key === 'k250') ? Promise.reject(new Error('away')) : Promise.resolve(true),
    });
    await expect(walk).rejects.toThrow('away');
  });
});
