import { afterAll, beforeAll, expect, it } from 'vitest';
import { aggregateGroups, countingGroups } from '../../../src/workers/profile/plan.js';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { describeSource } from '../../support/describeSource.js';
import { openPlainSession } from '../../support/plainSession.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

async function profile(source: string, options: { exactRows?: number } = {}) {
  const columns = await describeSource(session, source);
  const before = session.statements.length;
  const report = await profileSource({ session, source, columns, ...options });
  return { columns: report.columns, statements: session.statements.slice(before) };
}

it('covers 400 columns in 11 statements, each as it would be alone', async () => {
  const kinds = [
    'i * 7 % 5',
    "CASE WHEN i > 3 THEN 'AB-' || i END",
    'i / 4.0::DOUBLE',
    "DATE '2020-01-01' + i::INTEGER",
  ];
  const fields = Array.from({ length: 400 }, (_, at) => `${kinds[at % 4]} AS "c ${at}"`);
  await session.run(`CREATE TABLE wide AS SELECT ${fields.join(', ')} FROM range(20) AS t(i)`);
  const wide = await profile('wide');
  // Counts and extremes: of 50 columns, then of 500 at a time; distinct values: 50; quantiles of 300: 500.
  expect(wide.statements).toHaveLength(1 + 1 + 8 + 1);
  const alone = await profile('(SELECT "c 396", "c 397", "c 398", "c 399" FROM wide)');
  expect(wide.columns.slice(-4)).toEqual(alone.columns);
  expect(alone.columns[1]).toMatchObject({ nulls: 4, patterns: { values: 16, rows: 16 } });
});

it('puts fewer columns of more rows into one statement', () => {
  const columns = Array.from({ length: 2000 }, (_, at) => at);
  expect([1000, 40_000, 100_000, 4_000_000].map((rows) => countingGroups(columns, rows).length)).toEqual([
    40, 40, 100, 250,
  ]);
  expect([1000, 20_000, 100_000, 4_000_000].map((rows) => aggregateGroups(columns, rows).length)).toEqual([
    4, 4, 20, 40,
  ]);
});

it('copies a few columns at a time of many, lists and structs with them', async () => {
  const fields = Array.from({ length: 51 }, (_, at) => `[{'x': 'v' || i % 3, 'y': [i, NULL]}] AS "l.${at}"`);
  const source = `(SELECT DATE '1970-01-01' + i::INTEGER AS day, ${fields.join(', ')} FROM range(100) AS t(i))`;
  const { columns, statements } = await profile(source);
  expect(statements.filter((sql) => sql.includes('_sluice_part AS MATERIALIZED'))).not.toHaveLength(0);
  const alone = await profile("(SELECT [{'x': 'v' || i % 3, 'y': [i, NULL]}] AS \"l.50\" FROM range(100) AS t(i))");
  expect(alone.statements.filter((sql) => sql.includes('_sluice_part'))).toHaveLength(0);
  expect(columns.slice(-5)).toEqual(alone.columns);
  expect(columns[0]).toMatchObject({ distinct: 100, sentinels: [{ value: '1970-01-01', rows: 1 }] });
});

it('counts columns of large sources without an estimate where their extremes leave room for few values', async () => {
  const { columns, statements } = await profile(
    `(SELECT i % 90000 AS few, i % 2 = 0 AS flag, (i % 900 / 100)::DECIMAL(9,2) AS price, DATE '2020-01-01' + (i % 365)::INTEGER AS day, i AS id, NULL::INTEGER AS nothing FROM range(250000) AS t(i))`,
  );
  const [sketch, ...others] = statements.filter((sql) => sql.includes('hash('));
  expect(others).toEqual([]);
  expect(
    ['few', 'flag', 'price', 'day', 'id', 'nothing'].filter((name) => sketch?.includes(`hash(_s."${name}")`)),
  ).toEqual(['id']);
  expect(
    columns.map(({ distinct, distinctMethod }) => (distinctMethod === 'exact' ? distinct : distinctMethod)),
  ).toEqual([90_000, 2, 900, 365, 'approximate', 0]);
});
