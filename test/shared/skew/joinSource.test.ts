import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EngineRow } from '../../../src/shared/engine/port.js';
import { joinSource } from '../../../src/shared/skew/joinSource.js';
import { skewedPartitions } from '../../../src/shared/skew/partitions.js';
import { defaultShare } from '../../../src/shared/skew/plan.js';
import { FLIGHTS } from '../../support/flights.js';
import { openPlainSession } from '../../support/plainSession.js';
import { fc } from '../../support/fc.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

const table = (keys: readonly (number | null)[]) =>
  keys.length === 0
    ? '(SELECT NULL::INTEGER AS k WHERE false)'
    : `(SELECT unnest([${keys.map((key) => key ?? 'NULL').join(', ')}]::INTEGER[]) AS k)`;

async function ask(sql: string): Promise<EngineRow> {
  return (await session.query(sql))[0] ?? {};
}

it('counts what the join itself makes of any two small tables', async () => {
  const keys = fc.array(fc.option(fc.nat({ max: 8 }), { freq: 8 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(keys, keys, async (a, b) => {
      const [left, right] = [table(a), table(b)];
      const found = await joinSource({ session, left, right, key: ['k'] });
      const truth =
        await ask(`WITH a AS (SELECT row_number() OVER () AS r, k FROM ${left}), b AS (SELECT row_number() OVER () AS s, k FROM ${right}),
        joined AS (SELECT * FROM a JOIN b USING (k))
        SELECT (SELECT count(*) FROM joined) AS joined, (SELECT count(*) FROM a ANTI JOIN b USING (k)) AS lost,
          (SELECT count(*) FROM (SELECT r FROM joined GROUP BY r HAVING count(*) > 1)) AS multiplied,
          (SELECT count(*) FROM b ANTI JOIN a USING (k)) AS unused`);
      expect({ ...found.rows, lost: found.lost, multiplied: found.multiplied, unused: found.unused }).toEqual({
        left: a.length,
        right: b.length,
        joined: Number(truth['joined']),
        lost: Number(truth['lost']),
        multiplied: Number(truth['multiplied']),
        unused: Number(truth['unused']),
      });
    }),
    { numRuns: 15 },
  );
});

it('finds the hot key of 30 % that crowds a partition, and that salting would spread it', async () => {
  const left = `(SELECT CASE WHEN i < 30000 THEN 'hot' ELSE 'k' || (i % 7000) END AS k FROM range(100000) AS t(i))`;
  const right = `(SELECT 'k' || i AS k FROM range(6000) AS t(i) UNION ALL SELECT 'hot' FROM range(3))`;
  const found = await joinSource({ session, left, right, key: ['k'] });
  expect(found.rows.joined).toBe(90_000 + 60_000);
  expect(found).toMatchObject({ lost: 10_000, multiplied: 30_000, unused: 0 });
  expect(found.worst[0]).toEqual({ key: 'hot', left: 30_000, right: 3, joined: 90_000 });
  expect(found.salted).toEqual([{ key: 'hot', salts: 64, side: 'left' }]);
  const layout = found.balance.find(({ partitions }) => partitions === 32);
  expect(layout?.before).toBeGreaterThan(12);
  expect(layout?.after).toBeLessThan((layout?.before ?? 0) / 4);
});

it('looks at flights joined with their own origins', async () => {
  const right = `(SELECT DISTINCT origin FROM ${FLIGHTS} WHERE origin <> 'ORD')`;
  const found = await joinSource({ session, left: FLIGHTS, right, key: ['origin'] });
  expect(found).toMatchObject({ lost: 166_341, multiplied: 0, unused: 0, rows: { joined: 3_000_000 - 166_341 } });
  expect(found.balance.every(({ before, after }) => after <= before + 0.1)).toBe(true);
});

it('names a key column that one of the sides lacks', async () => {
  const sides = { left: '(SELECT 1 AS k)', right: '(SELECT 1 AS other)' };
  await expect(joinSource({ session, ...sides, key: ['k'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('calls a partition skewed above five times the median and 256 MB, as Spark does', () => {
  const MiB = 2 ** 20;
  const sizes = [10, 50, 60, 257, 300].map((size) => ({ partition: `p${size}`, bytes: size * MiB }));
  expect(skewedPartitions(sizes).skewed).toEqual([]);
  expect(skewedPartitions([...sizes, { partition: 'huge', bytes: 900 * MiB }])).toMatchObject({
    count: 6,
    medianBytes: 158.5 * MiB,
    maxBytes: 900 * MiB,
    skewed: [{ partition: 'huge' }],
  });
  expect(skewedPartitions([])).toEqual({ count: 0, medianBytes: 0, maxBytes: 0, skewed: [] });
});

it('adds up hot keys that stand for no value', () => {
  const hot = (key: string | number, share: number) => ({ key, rows: 1, share });
  expect(defaultShare([hot('', 0.2), hot('N/A', 0.1), hot(-1, 0.05), hot('ORD', 0.3), hot(10, 0.1)])).toBeCloseTo(0.35);
});
