import { compareKeys } from '../../src/shared/stores/keys.js';
import type { ObjectStore, StoredObject } from '../../src/shared/stores/port.js';

/** A store that can only be listed and asked for heads: what a bucket of that many keys would answer. */
export function listedStore({
  keys,
  pageSize = 1000,
  slow = false,
  bucket = 'lake',
  lastModified = new Date('2026-01-01T00:00:00Z'),
}: {
  readonly keys: readonly string[];
  readonly pageSize?: number;
  /** Whether other work goes on before a page comes. */
  readonly slow?: boolean;
  readonly bucket?: string;
  readonly lastModified?: Date;
}): ObjectStore & { readonly listings: () => number } {
  const sorted = [...new Set(keys)].sort(compareKeys);
  let listings = 0;
  const objectOf = (key: string): StoredObject => ({ key, size: 10, eTag: `e-${key.length}`, lastModified });
  const nowhere = () => Promise.reject(new Error('this store is only listed'));
  return {
    bucket,
    listings: () => listings,
    uri: (key) => `s3://${bucket}/${key}`,
    async *list({ prefix, startAfter = '' }) {
      listings += 1;
      let place = firstAfter(sorted, startAfter);
      while (place < sorted.length && !sorted[place]!.startsWith(prefix)) {
        if (compareKeys(sorted[place]!, prefix) > 0) return;
        place += 1;
      }
      for (;;) {
        const page = sorted.slice(place, place + pageSize).filter((key) => key.startsWith(prefix));
        if (slow) await new Promise((resolve) => setImmediate(resolve));
        if (page.length > 0) yield page.map(objectOf);
        if (page.length < pageSize) return;
        place += pageSize;
      }
    },
    head: async (key) => (sorted.includes(key) ? objectOf(key) : undefined),
    getToFile: nowhere,
    putFile: nowhere,
    delete: nowhere,
    tag: nowhere,
    retire: nowhere,
  };
}

function firstAfter(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(sorted[middle]!, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return key === '' ? 0 : low;
}
