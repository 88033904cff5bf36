import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quoteText } from '../../../src/shared/schema/columns.js';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { openPlainSession } from '../../support/plainSession.js';
import type { ColumnProfile } from '../../../src/shared/findings/reports.js';
import { fc } from '../../support/fc.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

async function profileValues(type: string, literals: readonly string[]): Promise<ColumnProfile> {
  const rows = literals.length === 0 ? '(NULL)' : literals.map((literal) => `(${literal})`).join(', ');
  const where = literals.length === 0 ? ' WHERE false' : '';
  const source = `(SELECT x::${type} AS x FROM (VALUES ${rows}) AS t(x)${where})`;
  const report = await profileSource({ session, source, columns: [{ name: 'x', type }] });
  return report.columns[0]!;
}

/** Top values as the profile orders them: by rows, ties by value. */
function topOf<T>(values: readonly T[], compare: (a: T, b: T) => number): { value: T; rows: number }[] {
  const rows = new Map<T, number>();
  for (const value of values) rows.set(value, (rows.get(value) ?? 0) + 1);
  return [...rows]
    .map(([value, count]) => ({ value, rows: count }))
    .sort((a, b) => b.rows - a.rows || compare(a.value, b.value))
    .slice(0, 10);
}

function quantileOf<T>(sorted: readonly T[], fraction: number): T {
  return sorted[Math.max(1, sorted.length - Math.floor(sorted.length - fraction * sorted.length)) - 1]!;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function expectMoments(found: ColumnProfile, values: readonly number[]): void {
  const mean = meanOf(values);
  const scale = Math.max(1, ...values.map(Math.abs));
  expect(Number(found.mean) / scale).toBeCloseTo(mean / scale, 9);
  if (values.length < 2) return void expect(found).not.toHaveProperty('stddev');
  const squares = values.reduce((sum, value) => sum + ((value - mean) / scale) ** 2, 0);
  expect(Number(found.stddev) / scale).toBeCloseTo(Math.sqrt(squares / (values.length - 1)), 9);
}

const FRACTIONS = { p1: 0.01, p5: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 };

function quantilesOf<T>(sorted: readonly T[]): Record<string, T> {
  return Object.fromEntries(Object.entries(FRACTIONS).map(([name, p]) => [name, quantileOf(sorted, p)]));
}

describe('a profile of any small table equals the naive computation', () => {
  it('for integers', async () => {
    const value = fc.option(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer()), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 60 }), async (column) => {
        const values = column.filter((item) => item !== null);
        const sorted = [...values].sort((a, b) => a - b);
        const found = await profileValues('BIGINT', column.map(String));
        expect(found.nulls).toBe(column.length - values.length);
        expect(found.distinct).toBe(new Set(values).size);
        expect(found.top).toEqual(topOf(values, (a, b) => a - b));
        if (values.length === 0) return void expect(found).not.toHaveProperty('min');
        expect(found).toMatchObject({ min: sorted[0], max: sorted.at(-1), quantiles: quantilesOf(sorted) });
        expectMoments(found, values);
        expectBars(found, values);
      }),
      { numRuns: 60 },
    );
  });

  it('for floats with NaN and infinities', async () => {
    const value = fc.option(fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity)), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 60 }), async (drawn) => {
        const column = drawn.map((item) => (Object.is(item, -0) ? 0 : item));
        const values = column.filter((item) => item !== null);
        const finite = values.filter(Number.isFinite).sort((a, b) => a - b);
        const found = await profileValues(
          'DOUBLE',
          column.map((item) => (item === null ? 'NULL' : quoteText(String(item)))),
        );
        expect(found.nan).toBe(values.filter(Number.isNaN).length);
        expect(found.infinite).toBe(values.filter((item) => Math.abs(item) === Infinity).length);
        expect(found.distinct).toBe(new Set(values).size);
        if (finite.length === 0) return void expect(found).not.toHaveProperty('mean');
        expect(found.quantiles).toEqual(quantilesOf(finite));
        if (finite.every((item) => Math.abs(item) < 1e290)) expectMoments(found, finite);
        expectBars(found, finite);
      }),
      { numRuns: 60 },
    );
  });

  it('for texts', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 5 }).filter((item) => !item.includes('\0'));
    const value = fc.option(fc.oneof(fc.constantFrom('', ' ', 'a', "'", 'é', '🚰'), text), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 60 }), async (column) => {
        const values = column.filter((item) => item !== null);
        const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
        const sorted = [...values].sort(byCodePoint);
        const found = await profileValues(
          'VARCHAR',
          column.map((item) => (item === null ? 'NULL' : quoteText(item))),
        );
        expect(found.nulls).toBe(column.length - values.length);
        expect(found.distinct).toBe(new Set(values).size);
        expect(found.top).toEqual(topOf(values, byCodePoint));
        if (values.length === 0) return void expect(found).not.toHaveProperty('lengths');
        const lengths = values.map((item) => [...item].length);
        expect(found).toMatchObject({ min: sorted[0], max: sorted.at(-1) });
        expect(found.lengths).toMatchObject({ min: Math.min(...lengths), max: Math.max(...lengths) });
        expect(found.lengths?.mean).toBeCloseTo(meanOf(lengths), 9);
      }),
      { numRuns: 60 },
    );
  });
});

function expectBars(found: ColumnProfile, values: readonly number[]): void {
  const bars = found.histogram ?? [];
  expect(bars.reduce((sum, bar) => sum + bar.rows, 0)).toBe(values.length);
  for (const [index, bar] of bars.entries()) {
    const inside = values.filter((value) => value <= bar.to && (index === 0 || value > bar.from));
    expect(bar.rows).toBe(inside.length);
  }
}
