import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUANTILES, type ProfileReport } from '../../../src/shared/findings/reports.js';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { describeSource } from '../../support/describeSource.js';
import { FLIGHTS } from '../../support/flights.js';
import { openPlainSession } from '../../support/plainSession.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
let report: ProfileReport;
beforeAll(async () => {
  session = await openPlainSession();
  report = await profileSource({
    session,
    source: FLIGHTS,
    columns: await describeSource(session, FLIGHTS),
    bytes: 42,
  });
});
afterAll(() => session.close());

describe('the profile of three million flights', () => {
  it('equals what a grouping per column says', async () => {
    expect(report).toMatchObject({ rows: 3_000_000, bytes: 42 });
    expect(report.columns.map((column) => column.name)).toEqual(['date', 'delay', 'distance', 'origin', 'destination']);
    for (const column of report.columns) {
      const [row] = await session.query(`
        WITH g AS (SELECT "${column.name}" AS v, count(*)::BIGINT AS n FROM ${FLIGHTS} GROUP BY ALL)
        SELECT count(v)::DOUBLE AS d, coalesce(sum(n) FILTER (v IS NULL), 0)::DOUBLE AS nulls,
          (SELECT v::VARCHAR FROM g WHERE v IS NOT NULL ORDER BY v LIMIT 1) AS lo, (SELECT v::VARCHAR FROM g WHERE v IS NOT NULL ORDER BY v DESC LIMIT 1) AS hi,
          (SELECT n::DOUBLE FROM g WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT 1 OFFSET 9) AS tenth FROM g`);
      expect(column.nulls).toBe(row?.['nulls']);
      expect([String(column.min), String(column.max)]).toEqual([row?.['lo'], row?.['hi']]);
      if (column.distinctMethod === 'exact') {
        expect(column.distinct).toBe(row?.['d']);
        expect(column.top?.at(-1)?.rows).toBe(row?.['tenth']);
      } else {
        const off = Math.abs(Number(column.distinct) / Number(row?.['d']) - 1);
        expect(off).toBeLessThan(4 * Number(column.distinctError));
      }
    }
  });

  it('averages and ranks like a sorted list', async () => {
    for (const column of report.columns.filter(({ name }) => name === 'delay' || name === 'distance')) {
      const [row] = await session.query(`
        SELECT sum(${column.name})::DOUBLE / 3e6 AS mean,
          sqrt((sum(${column.name}::HUGEINT * ${column.name})::DOUBLE - sum(${column.name})::DOUBLE ** 2 / 3e6) / (3e6 - 1)) AS stddev FROM ${FLIGHTS}`);
      expect(Number(column.mean)).toBeCloseTo(Number(row?.['mean']), 9);
      expect(Number(column.stddev)).toBeCloseTo(Number(row?.['stddev']), 6);
      for (const [name, fraction] of Object.entries(QUANTILES)) {
        const value = Number(Object.entries(column.quantiles ?? {}).find(([own]) => own === name)?.[1]);
        const [rank] = await session.query(`
          SELECT count(*) FILTER (${column.name} < ${value})::DOUBLE / 3e6 AS below, count(*) FILTER (${column.name} <= ${value})::DOUBLE / 3e6 AS upto FROM ${FLIGHTS}`);
        const slack = 2.5 * Number(report.sample?.rankError);
        expect(Number(rank?.['below'])).toBeLessThanOrEqual(fraction + slack);
        expect(Number(rank?.['upto'])).toBeGreaterThanOrEqual(fraction - slack);
      }
    }
  });

  it('draws bars and measures texts like counting their rows', async () => {
    for (const { name, histogram = [], lengths, patterns } of report.columns) {
      for (const [at, { from, to, rows }] of histogram.entries()) {
        const [bar] = await session.query(
          `SELECT count(*)::DOUBLE AS n FROM ${FLIGHTS} WHERE "${name}" <= ${to} AND ("${name}" > ${from} OR ${at === 0})`,
        );
        // Five standard errors of a sample's share, for each of forty bars.
        expect(Math.abs(rows - Number(bar?.['n'])) / 3e6).toBeLessThan(2.5 * Number(report.sample?.rankError));
      }
      if (lengths === undefined) continue;
      const [row] = await session.query(`
        WITH g AS (SELECT "${name}" AS v, count(*) AS n FROM ${FLIGHTS} GROUP BY ALL)
        SELECT min(len(v::VARCHAR)) AS lo, max(len(v::VARCHAR)) AS hi, (sum(len(v::VARCHAR) * n) / 3e6)::DOUBLE AS mean, count(*) AS "values",
          (sum(n) FILTER (v SIMILAR TO '[A-Z]{3}'))::DOUBLE AS codes FROM g`);
      expect(lengths).toEqual({ min: Number(row?.['lo']), max: Number(row?.['hi']), mean: row?.['mean'] });
      expect(patterns).toMatchObject({ values: Number(row?.['values']), rows: 3_000_000 });
      expect(patterns?.top[0]).toEqual({ pattern: 'AAA', rows: row?.['codes'] });
    }
  });
});
