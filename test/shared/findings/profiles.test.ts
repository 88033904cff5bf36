import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareProfiles } from '../../../src/shared/findings/drift.js';
import { mergeProfiles } from '../../../src/shared/findings/mergeProfiles.js';
import type { ProfileReport } from '../../../src/shared/findings/reports.js';
import { suggestChecks } from '../../../src/shared/findings/suggestChecks.js';
import { parseConfig } from '../../../src/shared/config/load.js';
import { checkSource } from '../../../src/shared/checks/checkSource.js';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { stringify } from 'yaml';
import { describeSource } from '../../support/describeSource.js';
import { FLIGHTS } from '../../support/flights.js';
import { openPlainSession } from '../../support/plainSession.js';
import { fc } from '../../support/fc.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

async function profile(source: string): Promise<ProfileReport> {
  return profileSource({ session, source, columns: await describeSource(session, source), bytes: 10 });
}

const flights = (where: string) => `(SELECT * FROM ${FLIGHTS} WHERE ${where})`;

test('profiles of batches merge to the profile of all rows: exact fields exactly, quantiles within a bar', async () => {
  const whole = await profile(flights("date < '2001-01-08'"));
  const parts = await Promise.all(
    [
      "date < '2001-01-02'",
      "date >= '2001-01-02' AND date < '2001-01-04'",
      "date >= '2001-01-04' AND date < '2001-01-08'",
    ].map((where) => profile(flights(where))),
  );
  const merged = mergeProfiles(parts);
  expect(merged).toMatchObject({ batches: 3, rows: whole.rows, bytes: 30 });
  for (const column of whole.columns) {
    const found = merged.columns.find(({ name }) => name === column.name)!;
    expect(found).toMatchObject({ nulls: column.nulls, min: column.min, max: column.max, type: column.type });
    if (column.lengths !== undefined)
      expect(found.lengths).toEqual({ ...column.lengths, mean: expect.closeTo(column.lengths.mean, 9) });
    if (column.mean !== undefined) {
      expect(found.mean).toBeCloseTo(Number(column.mean), 9);
      expect(found.stddev).toBeCloseTo(Number(column.stddev), 9);
      const spread = Number(column.quantiles?.p95) - Number(column.quantiles?.p5);
      for (const name of ['p5', 'p25', 'p50', 'p75', 'p95'] as const)
        expect(Math.abs(Number(found.quantiles?.[name]) - Number(column.quantiles?.[name]))).toBeLessThan(spread / 10);
    }
    const [low, high] = found.distinctBetween ?? [found.distinct, found.distinct];
    expect(low).toBeLessThanOrEqual(column.distinct ?? 0);
    expect(high).toBeGreaterThanOrEqual(column.distinct ?? 0);
  }
});

test('values are summed where every batch counted them all', async () => {
  const [a, b] = [
    await profile("(SELECT * FROM (VALUES ('x'), ('y'), ('y'), (NULL)) AS t(k))"),
    await profile("(SELECT * FROM (VALUES ('y'), ('z')) AS t(k))"),
  ];
  expect(mergeProfiles([a, b]).columns[0]).toMatchObject({
    nulls: 1,
    nullFraction: 1 / 6,
    distinct: 3,
    topIsAll: true,
    top: [
      { value: 'y', rows: 3 },
      { value: 'x', rows: 1 },
      { value: 'z', rows: 1 },
    ],
  });
});

test('one profile merges to itself, none to nothing, and columns that came or went count where they are', async () => {
  const one = await profile('(SELECT x AS a, x::DOUBLE AS b FROM range(10) AS t(x))');
  expect(mergeProfiles([one]).columns[0]).toMatchObject({
    mean: 4.5,
    quantiles: one.columns[0]?.quantiles,
    quantilesMethod: 'exact',
  });
  expect(mergeProfiles([])).toEqual({ batches: 0, rows: 0, bytes: 0, columns: [] });
  const other = await profile('(SELECT 1 AS a FROM range(5))');
  expect(mergeProfiles([one, other]).columns.map(({ name, rows }) => [name, rows])).toEqual([
    ['a', 15],
    ['b', 10],
  ]);
});

test('a batch like those before it does not drift', async () => {
  const before = mergeProfiles([
    await profile(flights("date < '2001-02-01'")),
    await profile(flights("date >= '2001-02-01' AND date < '2001-02-10'")),
  ]);
  const { drifts } = compareProfiles(await profile(flights("date >= '2001-02-10' AND date < '2001-02-15'")), before);
  expect(drifts).toEqual([]);
});

test('what moved is named with its figures', async () => {
  const before = mergeProfiles([
    await profile(
      "(SELECT x % 100 AS amount, 'new' AS status, 1.5::DOUBLE AS gone, x AS kind, CASE WHEN x % 50 = 0 THEN NULL ELSE 'a' END AS note FROM range(5000) AS t(x))",
    ),
  ]);
  const now = await profile(
    "(SELECT x % 100 + 80 AS amount, CASE WHEN x % 10 = 0 THEN 'void' ELSE 'new' END AS status, 1 AS extra, x::VARCHAR AS kind, CASE WHEN x % 2 = 0 THEN NULL ELSE 'a' END AS note FROM range(5000) AS t(x))",
  );
  const { drifts, batches, rows } = compareProfiles(now, before);
  expect([batches, rows]).toEqual([1, 5000]);
  expect(drifts).toEqual([
    { column: 'amount', kind: 'distribution', was: 49, is: 129, index: expect.any(Number) },
    { column: 'status', kind: 'values', index: expect.any(Number), newValues: [{ value: 'void', rows: 500 }] },
    { column: 'extra', kind: 'added', is: 'INTEGER' },
    { column: 'kind', kind: 'type', was: 'BIGINT', is: 'VARCHAR' },
    { column: 'note', kind: 'nulls', was: 0.02, is: 0.5 },
    { column: 'gone', kind: 'missing', was: 'DOUBLE' },
  ]);
  expect(drifts[0]?.index).toBeGreaterThan(1);
});

test('two samples of the same distribution do not drift', async () => {
  await session.run('SELECT setseed(0.42)');
  const sample = (rows: number) =>
    profile(
      `(SELECT (random() * 1000)::INTEGER AS a, ['x', 'y', 'z'][(random() * 3)::INTEGER + 1] AS b FROM range(${rows}))`,
    );
  for (const rows of [100, 150, 1000]) {
    const before = mergeProfiles([await sample(rows), await sample(rows)]);
    for (let run = 0; run < 5; run++) expect(compareProfiles(await sample(rows), before).drifts).toEqual([]);
  }
});

test('suggested checks are valid in a configuration and pass on the rows that suggested them', async () => {
  const sources = [
    flights("date < '2001-01-03'"),
    "(SELECT x AS id, uuid()::VARCHAR AS code, ['a', 'b'][x % 2 + 1] AS kind, 'DE' || lpad(x::VARCHAR, 8, '0') AS vat, CASE WHEN x % 20 = 0 THEN NULL ELSE x - 5 END AS \"amount \"\"€\"\"\", NULL::INTEGER AS none, {'n': 1} AS s, 'nan'::DOUBLE AS f, '(' AS odd FROM range(500) AS t(x))",
    '(SELECT 1 AS x WHERE false)',
  ];
  for (const source of sources) {
    const report = await profile(source);
    const suggested = suggestChecks(report);
    const text = stringify({ version: 1, datasets: { orders: { source: { prefix: 'a/' }, ...suggested } } });
    const answer = parseConfig(text, { folder: '/x' }, {});
    if (answer.kind !== 'config') throw new Error(JSON.stringify(answer.faults));
    const [dataset] = answer.config.datasets;
    const columns = await describeSource(session, source);
    const judged = await checkSource({
      session,
      source,
      columns,
      checks: dataset!.columns,
      tableChecks: dataset!.checks,
    });
    expect(judged.checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  }
  const made = suggestChecks(await profile(sources[1] ?? ''));
  expect(made.columns).toMatchObject({
    id: { checks: ['required', 'unique', { range: { min: 0 } }] },
    code: { checks: ['required', 'unique', { pattern: expect.stringContaining('0-9a-fA-F') }] },
    kind: { checks: ['required', { acceptedValues: ['a', 'b'] }] },
    vat: { checks: ['required', 'unique', { length: { min: 10, max: 10 } }] },
    'amount "€"': { checks: [{ metric: 'nullValues', unit: 'percent', warn: 6, fail: 11 }, 'unique'] },
  });
  expect(made.columns).not.toHaveProperty('none');
});

test('a merged mean is the mean of all rows, however they are split', () => {
  const numbers = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 30 });
  const asReport = (values: readonly number[]): ProfileReport => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const stddev = values.length < 2 ? {} : { stddev: Math.sqrt(squares / (values.length - 1)) };
    return {
      rows: values.length,
      seconds: 0,
      columns: [{ name: 'x', type: 'BIGINT', nulls: 0, nullFraction: 0, mean, ...stddev }],
    };
  };
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 6 }), (parts) => {
      const [whole, merged] = [asReport(parts.flat()).columns[0], mergeProfiles(parts.map(asReport)).columns[0]];
      expect(merged?.mean).toBeCloseTo(Number(whole?.mean), 4);
      expect(Number(merged?.stddev ?? 0)).toBeCloseTo(Number(whole?.stddev ?? 0), 4);
    }),
  );
});
