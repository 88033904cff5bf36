import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asBatchId } from '../../../src/shared/ids.js';
import type { MergeUnit } from '../../../src/shared/ledger/port.js';
import { planMerges } from '../../../src/workers/merge/plan.js';

const limits = { targetBytes: 100, generations: 2 };

function unit(at: number, bytes: number, more: Partial<MergeUnit> = {}): MergeUnit {
  const id = asBatchId(`00000000-0000-7000-8000-${String(at).padStart(12, '0')}`);
  const artifact = { key: `k${at}`, eTag: '', bytes, rows: 1, sha256: '' };
  const columns = [{ name: 'id', type: 'BIGINT' }];
  return { kind: 'batch', id, partition: '', generation: 0, columns, artifacts: [artifact], ...more };
}

function units(sizes: readonly number[], more: Partial<MergeUnit> = {}): MergeUnit[] {
  return sizes.map((bytes, at) => unit(at, bytes, more));
}

function sizesOf(plan: ReturnType<typeof planMerges>): number[][] {
  return plan.map((pile) => pile.flatMap(({ artifacts }) => artifacts.map(({ bytes }) => bytes)));
}

test('five small artifacts are merged, four are not, two that fill most of the target are', () => {
  expect(sizesOf(planMerges(units([1, 2, 3, 4, 5]), limits))).toEqual([[1, 2, 3, 4, 5]]);
  expect(planMerges(units([1, 2, 3, 4]), limits)).toEqual([]);
  expect(sizesOf(planMerges(units([40, 40]), limits))).toEqual([[40, 40]]);
  expect(planMerges(units([74]), limits)).toEqual([]);
});

test('partitions, columns and generations are never mixed, and what was written anew often enough stays', () => {
  const some = units([1, 1, 1]);
  expect(planMerges([...some, ...units([1, 1], { partition: 'day=2' })], limits)).toEqual([]);
  expect(planMerges([...some, ...units([1, 1], { columns: [{ name: 'id', type: 'INTEGER' }] })], limits)).toEqual([]);
  expect(planMerges([...some, ...units([1, 1], { generation: 1 })], limits)).toEqual([]);
  expect(planMerges(units([1, 1, 1, 1, 1], { generation: 1 }), limits)).toHaveLength(1);
  expect(planMerges(units([1, 1, 1, 1, 1], { generation: 2 }), limits)).toEqual([]);
  expect(planMerges(some.concat(units([1, 1])), { ...limits, generations: 0 })).toEqual([]);
});

test('a unit is in one merge at most, in order, and no merge goes over the target', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 74 }), { maxLength: 80 }), (sizes) => {
      const plan = planMerges(units(sizes), limits);
      const taken = plan.flat().map(({ id }) => id);
      expect(taken).toEqual([...new Set(taken)].sort());
      for (const pile of sizesOf(plan)) {
        expect(pile.length).toBeGreaterThan(1);
        expect(pile.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test('so wide a dataset is merged in steps of few artifacts', () => {
  const columns = Array.from({ length: 9998 }, (_, at) => ({ name: `c${at}`, type: 'BIGINT' }));
  expect(sizesOf(planMerges(units([1, 1, 1, 1, 1, 1, 1], { columns }), limits))).toEqual([[1, 1, 1, 1, 1, 1]]);
});
