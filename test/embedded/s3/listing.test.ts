import { expect, test } from 'vitest';
import { planListing } from '../../../src/embedded/s3/operations/listObjects.js';
import type { ObjectRecord } from '../../../src/embedded/s3/records.js';
import { SortedKeys } from '../../../src/embedded/s3/sortedKeys.js';
import { compareKeys } from '../../../src/shared/stores/keys.js';
import { fc } from '../../support/fc.js';

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uFF5E', '\u{1F600}'), minLength: 1, maxLength: 6 });

function record(name: string): ObjectRecord {
  const attributes = { contentType: 'x', headers: [], metadata: [], tags: [], checksums: {} };
  return { key: name, seq: 1, createdBy: 'Put', segments: [], size: 0, eTag: 'x', atMs: 0, ...attributes };
}

/** All keys and groups after `after`, told one by one. */
function expected(keys: readonly string[], prefix: string, delimiter: string, after: string): string[] {
  const told = keys
    .filter((name) => name.startsWith(prefix))
    .map((name) => {
      const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
      return cut < 0 ? name : name.slice(0, cut + delimiter.length);
    });
  return [...new Set(told)].filter((name) => after === '' || compareKeys(name, after) > 0).sort(compareKeys);
}

test('walking a listing page by page tells every key and every group once, in UTF-8 byte order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 30 }),
      fc.constantFrom('', 'a', 'a/', 'b\uFF5E', '/'),
      fc.constantFrom('', '/', 'ab', '\u{1F600}'),
      fc.integer({ min: 1, max: 5 }),
      (keys, prefix, delimiter, maxKeys) => {
        const sorted = new SortedKeys<ObjectRecord>();
        for (const name of keys) sorted.set(name, record(name));
        const told: string[] = [];
        let after = '';
        for (;;) {
          const page = planListing(sorted, { prefix, delimiter, after, maxKeys });
          const names = [...page.objects.map((object) => object.key), ...page.commonPrefixes];
          expect(names.length).toBeLessThanOrEqual(maxKeys);
          told.push(...names.sort(compareKeys));
          if (page.next === undefined) break;
          after = page.next;
        }
        expect(told).toEqual(expected(keys, prefix, delimiter, ''));
      },
    ),
    { numRuns: 2000 },
  );
});

test('keys stay in UTF-8 byte order through any writes and removals', () => {
  const step = fc.record({ key, isRemoval: fc.boolean(), isRead: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const sorted = new SortedKeys<number>();
      const model = new Map<string, number>();
      steps.forEach(({ key, isRemoval, isRead }, index) => {
        if (isRemoval) sorted.delete(key);
        else sorted.set(key, index);
        if (isRemoval) model.delete(key);
        else model.set(key, index);
        if (isRead) expect(sorted.ordered()).toEqual([...model.keys()].sort(compareKeys));
        expect(sorted.get(key)).toBe(model.get(key));
      });
      expect(sorted.ordered()).toEqual([...model.keys()].sort(compareKeys));
      expect(sorted.size).toBe(model.size);
    }),
    { numRuns: 2000 },
  );
});

test('keys are compared as their UTF-8 bytes are', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(text, text, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareKeys(left, right))).toBe(bytes);
    }),
    { numRuns: 5000 },
  );
});
