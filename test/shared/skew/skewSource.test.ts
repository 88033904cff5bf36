import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { skewColumns } from '../../../src/shared/skew/skewColumns.js';
import { skewSource } from '../../../src/shared/skew/skewSource.js';
import { describeSource } from '../../support/describeSource.js';
import { FLIGHTS } from '../../support/flights.js';
import { openPlainSession } from '../../support/plainSession.js';
import type { SkewReport } from '../../../src/shared/findings/skew.js';
import { fc } from '../../support/fc.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

const skew = (source: string, ...key: string[]): Promise<SkewReport> => skewSource({ session, source, key });

/** 100,000 rows: key 'hot' has 30 %, 7,000 others ten rows each. */
const PLANTED = `(SELECT CASE WHEN i < 30000 THEN 'hot' ELSE 'k' || (i % 7000) END AS k, i AS v FROM range(100000) AS t(i))`;

describe('the skew of a key', () => {
  it('finds a planted hot key of 30 % and advises to salt it', async () => {
    const found = await skew(PLANTED, 'k');
    expect(found).toMatchObject({
      rows: 100_000,
      key: ['k'],
      keys: 7001,
      keysMethod: 'exact',
      maxRows: 30_000,
      topShare: 0.3,
      nullShare: 0,
      hotKeys: [{ key: 'hot', rows: 30_000, share: 0.3 }],
      skewed: true,
      advice: { kind: 'salt', keys: ['hot'], salts: 64 },
    });
    expect(found.meanRows).toBeCloseTo(100_000 / 7001, 12);
    expect(found.maxOverMean).toBeCloseTo(30_000 / (100_000 / 7001), 9);
    expect(found.imbalance.map(({ partitions }) => partitions)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(found.imbalance.find(({ partitions }) => partitions === 32)?.maxOverMean).toBeGreaterThan(9);
  });

  it('leaves an even key alone', async () => {
    const found = await skew('(SELECT i % 1000 AS k FROM range(100000) AS t(i))', 'k');
    expect(found).toMatchObject({ keys: 1000, maxRows: 100, maxOverMean: 1, stddev: 0, gini: 0, hotKeys: [] });
    expect(found).toMatchObject({ skewed: false, advice: { kind: 'none', keys: [] } });
  });

  it('isolates keys that fit a partition but crowd it', async () => {
    const source = `(SELECT CASE WHEN i < 20000 THEN i // 2000 ELSE 100 + i END AS k FROM range(100000) AS t(i))`;
    const found = await skew(source, 'k');
    expect(found.hotKeys).toHaveLength(10);
    expect(found.hotKeys[0]).toEqual({ key: 0, rows: 2000, share: 0.02 });
    expect(found).toMatchObject({ skewed: true, advice: { kind: 'isolate' } });
    expect(found.advice.keys).toHaveLength(10);
  });

  it('calls few keys low cardinality, not skew', async () => {
    const found = await skew(
      `(SELECT CASE WHEN i < 990 THEN 'a' ELSE 'k' || (i % 14) END AS k FROM range(1000) AS t(i))`,
      'k',
    );
    expect(found).toMatchObject({ skewed: false, advice: { kind: 'none' } });
    expect(found.maxOverMean).toBeGreaterThan(9);
  });

  it('reports rows without a key apart', async () => {
    const found = await skew(`(SELECT CASE WHEN i % 4 > 0 THEN i % 100 END AS k FROM range(1000) AS t(i))`, 'k');
    expect(found).toMatchObject({ rows: 1000, keys: 75, nullShare: 0.25, maxRows: 10, topShare: 0.01, skewed: false });
  });

  it('takes keys of several columns with any names', async () => {
    const source = `(SELECT CASE WHEN i < 500 THEN 'x' ELSE 'y' || i END AS "a""b", CASE WHEN i < 500 THEN 7 ELSE i END AS "🚰" FROM range(1000) AS t(i))`;
    const found = await skew(source, 'a"b', '🚰');
    expect(found).toMatchObject({ keys: 501, hotKeys: [{ key: ['x', 7], rows: 500, share: 0.5 }], skewed: true });
    expect(found.advice).toEqual({ kind: 'salt', keys: [['x', 7]], salts: 64 });
  });

  it('has an answer for no rows and for no keys', async () => {
    const none = { keys: 0, maxRows: 0, meanRows: 0, maxOverMean: 0, topShare: 0, stddev: 0, gini: 0, hotKeys: [] };
    expect(await skew('(SELECT 1 AS k WHERE false)', 'k')).toMatchObject({ rows: 0, nullShare: 0, ...none });
    expect(await skew('(SELECT NULL::INTEGER AS k)', 'k')).toMatchObject({ rows: 1, nullShare: 1, ...none });
  });

  it('names a key column that is not there', async () => {
    await expect(skew('(SELECT 1 AS k)', 'q')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      facts: { column: 'q' },
    });
  });

  it('equals the naive computation on any small table', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 200 }), async (keys) => {
        const rowsOf = new Map<number, number>();
        for (const key of keys) rowsOf.set(key, (rowsOf.get(key) ?? 0) + 1);
        const counts = [...rowsOf.values()];
        const mean = keys.length / counts.length;
        const found = await skew(`(SELECT unnest([${keys.join(', ')}]) AS k)`, 'k');
        const differences = counts.reduce((sum, a) => sum + counts.reduce((inner, b) => inner + Math.abs(a - b), 0), 0);
        expect(found).toMatchObject({ keys: counts.length, maxRows: Math.max(...counts) });
        expect(found.stddev).toBeCloseTo(
          Math.sqrt(counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length),
          9,
        );
        expect(found.gini).toBeCloseTo(differences / (2 * counts.length ** 2 * mean), 9);
        const hot = [...rowsOf].filter(([, n]) => n >= 5 * mean).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
        expect(found.hotKeys.map(({ key, rows }) => [key, rows])).toEqual(hot);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the skew of very many keys', () => {
  const source = `(SELECT CASE WHEN i % 10 < 3 THEN 0 WHEN i % 500 = 5 THEN 1 ELSE i END AS k FROM range(2000000) AS t(i))`;

  it('finds the same hot keys as grouping all of them, and estimates the rest', async () => {
    const exact = await skewSource({ session, source, key: ['k'], groupedRows: 10_000_000 });
    const found = await skewSource({ session, source, key: ['k'] });
    expect(exact.keysMethod).toBe('exact');
    expect(found.keysMethod).toBe('approximate');
    expect(found.hotKeys).toEqual(exact.hotKeys);
    expect(found.hotKeys.map(({ key }) => key)).toEqual([0, 1]);
    expect(found).toMatchObject({
      rows: 2_000_000,
      maxRows: 600_000,
      topShare: 0.3,
      skewed: true,
      advice: exact.advice,
    });
    for (const measure of ['keys', 'meanRows', 'stddev', 'gini', 'maxOverMean'] as const) {
      expect(Math.abs(found[measure] / exact[measure] - 1)).toBeLessThan(0.05);
    }
    for (const [at, layout] of exact.imbalance.entries()) {
      expect(found.imbalance[at]).toEqual(layout);
    }
  });
});

describe('the skewed columns of a profile', () => {
  it('are origin and destination for three million flights', async () => {
    const profile = await profileSource({ session, source: FLIGHTS, columns: await describeSource(session, FLIGHTS) });
    const found = await skewColumns({ session, source: FLIGHTS, profile });
    expect(found.map((report) => report.key)).toEqual([['origin'], ['destination']]);
    for (const report of found) {
      expect(report.hotKeys.slice(0, 3).map(({ key }) => key)).toEqual(['ORD', 'DFW', 'ATL']);
      expect(report.advice.kind).toBe('salt');
    }
    expect(found[0]?.hotKeys[0]).toEqual({ key: 'ORD', rows: 166_341, share: 166_341 / 3_000_000 });
  });

  it('look at keys with many values too, but not at measures and unique columns', async () => {
    const source = `(SELECT CASE WHEN i % 3 = 0 THEN 7 ELSE i // 8 END AS customer_id, CASE WHEN i % 3 = 0 THEN 7 ELSE i // 8 END AS amount, i AS order_id FROM range(1200000) AS t(i))`;
    const profile = await profileSource({ session, source, columns: await describeSource(session, source) });
    const found = await skewColumns({ session, source, profile });
    expect(found.map((report) => report.key)).toEqual([['customer_id']]);
    expect(found[0]?.hotKeys[0]?.key).toBe(7);
  });
});
