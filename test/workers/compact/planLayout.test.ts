import { describe, expect, it } from 'vitest';
import { cutEvenly, maxOverMean, planLayout } from '../../../src/workers/compact/planLayout.js';
import { fc } from '../../support/fc.js';

const hot = (key: string, rows: number, total: number) => ({ key, rows, share: rows / total });

describe('the plan of a layout', () => {
  it('gives a key with 30 % of the rows artifacts of its own that are as large as the others', () => {
    const report = { rows: 1000, hotKeys: [hot('a', 300, 1000)], skewed: true };
    const plan = planLayout(report, { action: 'isolate', buckets: 10, fewest: 1 });
    expect(plan?.cuts).toEqual([
      ...Array.from({ length: 3 }, () => ({ rows: 100, key: 'a' })),
      ...Array.from({ length: 7 }, () => ({ rows: 100 })),
    ]);
  });

  it('leaves a batch alone whose key is not skewed, except under bucket', () => {
    const report = { rows: 100, hotKeys: [hot('a', 30, 100)], skewed: false };
    const wish = { buckets: 4, fewest: 1 };
    expect(planLayout(report, { ...wish, action: 'isolate' })).toBeUndefined();
    expect(planLayout(report, { ...wish, action: 'salt' })).toBeUndefined();
    expect(planLayout(report, { ...wish, action: 'bucket' })?.cuts).toHaveLength(4);
    expect(planLayout({ ...report, rows: 0 }, { ...wish, action: 'bucket' })).toBeUndefined();
  });

  it('makes no more artifacts than rows, and more than asked where the bytes call for them', () => {
    expect(cutEvenly(3, 16)).toEqual([{ rows: 1 }, { rows: 1 }, { rows: 1 }]);
    const report = { rows: 10_000, hotKeys: [hot('a', 9000, 10_000)], skewed: true };
    expect(planLayout(report, { action: 'salt', buckets: 4, fewest: 20 })?.cuts).toHaveLength(20);
  });

  it('holds all rows in order, with the largest isolated artifact under 1.3 times the mean whatever the hot keys are', () => {
    const keys = fc.array(fc.integer({ min: 1000, max: 400_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        keys,
        fc.integer({ min: 100_000, max: 2_000_000 }),
        fc.integer({ min: 4, max: 64 }),
        (sizes, rest, buckets) => {
          const rows = rest + sizes.reduce((sum, size) => sum + size, 0);
          const hotKeys = sizes.map((size, at) => hot(`k${at}`, size, rows));
          const plan = planLayout({ rows, hotKeys, skewed: true }, { action: 'isolate', buckets, fewest: 1 });
          expect(plan?.cuts.reduce((sum, cut) => sum + cut.rows, 0)).toBe(rows);
          for (const { key, rows: own } of plan?.kind === 'isolate' ? plan.hotKeys : [])
            expect(plan?.cuts.filter((cut) => cut.key === key).reduce((sum, cut) => sum + cut.rows, 0)).toBe(own);
          expect(maxOverMean(plan?.cuts ?? [])).toBeLessThan(1.3);
        },
      ),
    );
  });
});
