import { compareKeys } from '../../src/shared/stores/keys.js';
import type { ObjectStore, StoredObject } from '../../src/shared/stores/port.js';

const PAGE = 1000;
const BUCKET = 'lake';
const nowhere = () => Promise.reject(new Error('this store is only listed'));

/** The i-th object of a bucket of `objects`: twenty days of equal parts, in the order of keys. */
export function simulatedObject(index: number, objects: number): StoredObject {
  const day = String(1 + Math.floor(index / Math.ceil(objects / 20))).padStart(2, '0');
  return {
    key: `raw/dt=2026-01-${day}/part-${String(index).padStart(9, '0')}.parquet`,
    size: 200_000 + index,
    eTag: index.toString(16).padStart(32, '0'),
    lastModified: new Date(1_767_225_600_000),
  };
}

/** A bucket of that many objects which answers listings as S3 does, a thousand keys a page, and keeps none of them in memory. */
export function simulatedStore(objects: number): ObjectStore {
  const firstAfter = (key: string): number => {
    let [low, high] = [0, objects];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(simulatedObject(middle, objects).key, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    bucket: BUCKET,
    uri: (key) => `s3://${BUCKET}/${key}`,
    async *list({ startAfter }) {
      for (let first = startAfter === undefined ? 0 : firstAfter(startAfter); first < objects; first += PAGE) {
        // As a network would: others have their turn before a page comes.
        await new Promise((resolve) => setImmediate(resolve));
        const length = Math.min(PAGE, objects - first);
        yield Array.from({ length }, (_, at) => simulatedObject(first + at, objects));
      }
    },
    head: async () => undefined,
    getToFile: nowhere,
    putFile: nowhere,
    delete: nowhere,
    tag: nowhere,
    retire: nowhere,
  };
}
