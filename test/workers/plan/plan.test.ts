import { expect, test } from 'vitest';
import { asObjectId } from '../../../src/shared/ids.js';
import type { PendingObject } from '../../../src/shared/ledger/port.js';
import { pageSize, planBatches, planPage } from '../../../src/workers/plan/plan.js';
import { fc } from '../../support/fc.js';

const limits = { targetBytes: 100, maxFiles: 3, maxWaitMs: 60_000, minFiles: 10, quietMs: 1000 };

function pending(sizes: readonly number[], arrivedAtMs = 0): PendingObject[] {
  return sizes.map((size, index) => ({
    object: asObjectId(`00000000-0000-0000-0000-${String(index).padStart(12, '0')}`),
    key: `k${index}`,
    size,
    arrivedAt: new Date(arrivedAtMs),
  }));
}

/** Objects of one byte that came at these times. */
function arriving(timesMs: readonly number[]): PendingObject[] {
  return pending(timesMs.map(() => 1)).map((one, at) => ({ ...one, arrivedAt: new Date(timesMs[at] ?? 0) }));
}

function sizesOf(plan: ReturnType<typeof planBatches>): number[][] {
  return plan.batches.map((batch) => batch.map(({ size }) => size));
}

test('a young, small remainder waits until its oldest object is maxWait old', () => {
  const plan = planBatches(pending([10, 20], 1000), limits, 2000);
  expect(sizesOf(plan)).toEqual([]);
  expect(plan.left).toBe(2);
  expect(plan.dueAtMs).toBe(61_000);
});

test('a remainder that has waited long enough closes', () => {
  expect(sizesOf(planBatches(pending([10, 20], 1000), limits, 61_000))).toEqual([[10, 20]]);
});

test('maxWait 0 closes at once', () => {
  expect(sizesOf(planBatches(pending([1], 5000), { ...limits, maxWaitMs: 0 }, 5000))).toEqual([[1]]);
});

test('only a batch that is not full closes by time', () => {
  expect(planBatches(pending([10, 20], 1000), limits, 61_000).isClosedByTime).toBe(true);
  expect(planBatches(pending([10, 20], 1000), limits, 2000).isClosedByTime).toBe(false);
  expect(planBatches(pending([100], 1000), limits, 61_000).isClosedByTime).toBe(false);
  expect(planBatches(pending([1, 1, 1], 1000), limits, 61_000).isClosedByTime).toBe(false);
});

test('a batch closes before the object that would carry it over the target', () => {
  expect(sizesOf(planBatches(pending([60, 50, 10]), limits, 1))).toEqual([[60]]);
});

test('a batch closes at maxFiles', () => {
  expect(sizesOf(planBatches(pending([1, 1, 1, 1]), limits, 1))).toEqual([[1, 1, 1]]);
});

test('an object over the target is a batch of its own', () => {
  expect(sizesOf(planBatches(pending([500, 5]), limits, 1))).toEqual([[500]]);
});

test('nothing pending plans nothing', () => {
  expect(planBatches([], limits, 1)).toEqual({ batches: [], left: 0, isClosedByTime: false });
});

test('every object is in exactly one batch or left, in order, and no batch of several breaks a limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 60 }),
      fc.integer({ min: 0, max: 120_000 }),
      (sizes, nowMs) => {
        const objects = pending(sizes);
        const plan = planBatches(objects, limits, nowMs);
        const batched = plan.batches.flat();
        expect(batched.map(({ key }) => key)).toEqual(objects.slice(0, batched.length).map(({ key }) => key));
        expect(batched.length + plan.left).toBe(objects.length);
        for (const batch of plan.batches) {
          expect(batch.length).toBeLessThanOrEqual(limits.maxFiles);
          if (batch.length > 1)
            expect(batch.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(limits.targetBytes);
        }
        if (plan.batches.length > 1) expect(plan.batches.map(({ length }) => length)).not.toContain(0);
        if (plan.left > 0) expect(plan.dueAtMs).toBeGreaterThan(nowMs);
      },
    ),
  );
});

test('versions of one key never share a batch, and the earlier one comes first', () => {
  const versions = pending([10, 10, 10, 10]).map((one, index) => ({ ...one, key: ['a', 'b', 'a', 'a'][index] ?? '' }));
  const { batches, left } = planBatches(versions, { ...limits, targetBytes: 1000, maxFiles: 100, maxWaitMs: 0 }, 1e12);
  expect(left).toBe(0);
  expect(batches.map((batch) => batch.map(({ object }) => versions.findIndex((one) => one.object === object)))).toEqual(
    [[0, 1], [2], [3]],
  );
});

test('as many as minFiles are due when nothing more came for quietMs, and no later than maxWait', () => {
  const some = { ...limits, maxFiles: 100, minFiles: 3 };
  const burst = arriving([1000, 1000, 1800]);
  expect(planBatches(burst, some, 2799)).toEqual({ batches: [], left: 3, dueAtMs: 2800, isClosedByTime: false });
  const closed = planBatches(burst, some, 2800);
  expect(sizesOf(closed)).toEqual([[1, 1, 1]]);
  expect(closed.isClosedByTime).toBe(true);
  expect(planBatches(burst.slice(0, 2), some, 2800).dueAtMs).toBe(61_000);
  expect(planBatches(burst, { ...some, maxWaitMs: 500 }, 1500).batches).toHaveLength(1);
});

test('a stream that does not pause fills its batch until maxWait', () => {
  const stream = arriving(Array.from({ length: 200 }, (_, at) => at * 300)).map((one) => ({ ...one, size: 0 }));
  const some = { ...limits, maxFiles: 1000, minFiles: 3 };
  expect(planBatches(stream, some, 59_800)).toMatchObject({ batches: [], left: 200, dueAtMs: 60_000 });
  expect(sizesOf(planBatches(stream, some, 60_000))[0]).toHaveLength(200);
});

test('a crowd that closes is cut into batches of about equal bytes, not into full ones and a remainder', () => {
  const crowd = pending(Array.from({ length: 21 }, () => 10));
  const plan = planBatches(crowd, { ...limits, maxFiles: 100 }, 60_000);
  expect(plan.batches.map((batch) => batch.length)).toEqual([7, 7, 7]);
  const lumpy = planBatches(pending([90, 20, 90, 5]), { ...limits, maxFiles: 100 }, 60_000);
  expect(sizesOf(lumpy)).toEqual([[90], [20], [90, 5]]);
});

test('of a page that may not be all, a batch that is not full is left for the next page, which is due at once', () => {
  const old = pending([40, 40, 40, 40, 40, 30, 20]);
  const page = { nowMs: 1e9, page: 7 };
  expect(sizesOf(planPage(old, limits, page))).toEqual([
    [40, 40],
    [40, 40],
    [40, 30, 20],
  ]);
  const cut = planPage(old.slice(0, 5), limits, { ...page, page: 5 });
  expect([sizesOf(cut), cut.left, cut.dueAtMs]).toEqual([
    [
      [40, 40],
      [40, 40],
    ],
    1,
    1e9,
  ]);
  const whole = planPage(old.slice(0, 5), limits, page);
  expect([sizesOf(whole), whole.left, whole.dueAtMs]).toEqual([[[40, 40], [40], [40, 40]], 0, undefined]);
});

test('a page that fills no batch is planned as if it were all, and what follows it is due at once', () => {
  const versions = pending([10, 10]).map((one) => ({ ...one, key: 'same' }));
  const plan = planPage(versions, limits, { nowMs: 1e9, page: 2 });
  expect([sizesOf(plan), plan.dueAtMs]).toEqual([[[10], [10]], 1e9]);
  expect(planPage(versions, limits, { nowMs: 0, page: 2 }).dueAtMs).toBe(60_000);
});

test('a page holds several full batches, and no more than a worker can hold', () => {
  expect([1, 2000, 10_000, 1e6].map((maxFiles) => pageSize({ maxFiles }))).toEqual([5000, 8000, 40_000, 50_000]);
});
