import { afterAll, beforeAll, expect, test } from 'vitest';
import { columnCheckSchema, tableCheckSchema } from '../../../src/shared/config/checks.js';
import { checkSource } from '../../../src/shared/checks/checkSource.js';
import { describeSource } from '../../support/describeSource.js';
import { openEngineSession } from '../../support/engineSession.js';
import type { CheckResult } from '../../../src/shared/findings/check.js';

let session: Awaited<ReturnType<typeof openEngineSession>>;
beforeAll(async () => {
  session = await openEngineSession();
});
afterAll(() => session.close());

async function judge(source: string, columns: Record<string, unknown[]>, table: unknown[] = []) {
  const checks = Object.fromEntries(
    Object.entries(columns).map(([name, written]) => [name, { checks: columnCheckSchema.array().parse(written) }]),
  );
  const tableChecks = tableCheckSchema.array().parse(table);
  return checkSource({ session, source, columns: await describeSource(session, source), checks, tableChecks });
}

async function ofColumn(values: string, written: unknown): Promise<CheckResult> {
  return (await judge(`(SELECT * FROM (VALUES ${values}) AS _v(x))`, { x: [written] })).checks[0]!;
}

const TEN = '(SELECT x, x - 5 AS y, NULL::INTEGER AS none FROM range(10) AS t(x))';
async function ofTable(written: unknown, source = TEN): Promise<CheckResult> {
  return (await judge(source, {}, [written])).checks[0]!;
}

test.each([
  ["('a@b.de'), ('nobody'), (NULL)", 'email', 1],
  ["('0190a5f0-0000-7000-8000-000000000000'), ('0190a5f0')", 'uuid', 1],
  ["('2026-02-28'), ('2026-13-01'), ('28.02.2026')", 'date', 2],
  ["('2026-02-28T10:00:00Z'), ('2026-02-28')", 'timestamp', 1],
  ["('-12.5e3'), ('1,5'), ('')", 'number', 2],
  ["('https://x.y/z'), ('x.y')", 'url', 1],
  ["('10.0.0.1'), ('300.1.1.1')", 'ipv4', 1],
])('%s: the format %s is missed by %i', async (values, format, failing) => {
  const result = await ofColumn(values, { format });
  expect(result).toMatchObject({ name: 'x.format', failingRows: failing, verdict: 'fail' });
});

test('a pattern that is none is told by its fault, whether there are rows or not', async () => {
  for (const values of ["('secret-1')", '(NULL::VARCHAR)'])
    for (const check of [
      { pattern: '(a+)+$(' },
      { metric: 'invalidValues', arguments: { pattern: '[z-a]' }, mustBe: 0 },
    ]) {
      const { verdict, reason } = await ofColumn(values, check);
      expect(verdict).toBe('fail');
      expect(reason).toMatch(
        /^expected a pattern that RE2 reads, got one with this fault: (missing \)|invalid character class)/,
      );
      expect(reason).not.toContain('secret');
    }
});

test('patterns that ruin other engines, 300 characters long, are judged like any other', async () => {
  const wild = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(x+x+)+y'];
  const long = wild.map((pattern) => `(?:${pattern})`.repeat(Math.ceil(300 / (pattern.length + 4))));
  const source = "(SELECT repeat('a', 300) || '!' AS x FROM range(2000))";
  const { checks } = await judge(source, { x: [...wild, ...long].map((pattern) => ({ pattern })) });
  expect(checks.every(({ reason }) => reason === undefined)).toBe(true);
});

test('a text is castable when the engine reads it as the type', async () => {
  expect(await ofColumn("('2026-02-28'), ('2026-02-30'), ('x'), (NULL)", { castable: 'DATE' })).toMatchObject({
    name: 'x.castable',
    failingRows: 2,
    skippedNulls: 1,
  });
  expect(await ofColumn("('1.25'), ('1e400')", { castable: 'DECIMAL(10,2)' })).toMatchObject({ failingRows: 1 });
  expect(await ofColumn("('1')", { castable: 'NO_TYPE' })).toMatchObject({ verdict: 'fail', actual: null });
  for (const castable of ['DATE) OR (1=1', 'DATE; DROP', "ENUM('a')"])
    expect(columnCheckSchema.safeParse({ castable }).success).toBe(false);
});

test.each([
  [{ metric: 'sum', column: 'y', mustBe: -5 }, 'pass', -5],
  [{ metric: 'avg', column: 'x', mustBeBetween: [4, 5] }, 'pass', 4.5],
  [{ metric: 'min', column: 'y', mustBeGreaterOrEqualTo: -4 }, 'fail', -5],
  [{ metric: 'max', column: 'x', mustBeLessThan: 9, onFail: 'warn' }, 'warn', 9],
  [{ metric: 'stddev', column: 'x', mustBeLessOrEqualTo: 3.1 }, 'pass', 3.02765035409749],
  [{ metric: 'sum', column: 'none', mustBe: 0 }, 'fail', null],
  [{ metric: 'sum', column: 'gone', mustBe: 0 }, 'fail', null],
])('%j: %s', async (written, verdict, actual) => {
  expect(await ofTable(written)).toMatchObject({ verdict, actual, name: `${written.metric}(${written.column})` });
});

test('an aggregate needs a number, and tells NaN and infinity by name', async () => {
  expect(await ofTable({ metric: 'avg', column: 'x', mustBe: 0 }, "(SELECT 'a' AS x)")).toMatchObject({ actual: null });
  const odd = "(SELECT unnest([1.0::DOUBLE, 'nan', 'inf']) AS x)";
  expect(await ofTable({ metric: 'max', column: 'x', mustBeLessThan: 5 }, odd)).toMatchObject({ verdict: 'fail' });
});

test.each([
  ['select count(*) from input where y < 0', {}, 'fail', 5],
  ['select count(*) from input where y > 100', {}, 'pass', 0],
  ['select sum(x) / count(*) from input', { mustBeBetween: [4, 5] }, 'pass', 4.5],
  ['with late as (select * from input where x > 7) select count(*) from late -- the rest', { mustBe: 2 }, 'pass', 2],
  ['select max(none) from input', { mustBe: 0 }, 'fail', null],
])('the query %s gives its number', async (query, bound, verdict, actual) => {
  expect(await ofTable({ query, ...bound })).toMatchObject({ verdict, actual });
});

test.each([
  'select 1; select 2',
  'delete from input',
  "select count(*) from read_csv('/etc/passwd')",
  "select count(*) from '/etc/passwd'",
  'select count(*) from duckdb_settings()',
  'select count(*) from information_schema.tables',
  "select length(getenv('HOME'))",
  'select x, y from input',
  'select x from input',
  'select no_such from input',
  'this is no SQL',
])('the query %s is refused by name, and the other checks go on', async (query) => {
  const { checks } = await judge(TEN, {}, [{ query }, { metric: 'rowCount', mustBe: 10 }]);
  expect(checks).toMatchObject([{ verdict: 'fail', actual: null, reason: expect.any(String) }, { verdict: 'pass' }]);
});

test('a schema names every column that is missing, of another type, or too many', async () => {
  const source = '(SELECT 1::BIGINT AS "a.b", 1.5::DECIMAL(10,2) AS price, \'x\' AS note, 1 AS _sluice_row)';
  const columns = { 'a.b': 'BIGINT', price: 'decimal(10, 2)', note: 'any' };
  expect(await ofTable({ schema: { columns, extra: false } }, source)).toMatchObject({
    verdict: 'pass',
    actual: 0,
    name: 'schema',
  });
  const off = { 'a.b': 'INTEGER', gone: 'DATE', price: 'any' };
  expect(await ofTable({ schema: { columns: off, extra: false } }, source)).toMatchObject({
    verdict: 'fail',
    actual: 3,
    reason: 'a.b is BIGINT, not INTEGER; gone is missing; note is not expected',
  });
  expect(await ofTable({ schema: { columns: { note: 'any' } } }, source)).toMatchObject({ verdict: 'pass' });
});

test('a pattern of 300 characters that backtracks for ever elsewhere is judged in a moment', async () => {
  const pattern = `^${'(a+)+'.repeat(58)}$`;
  expect(pattern.length).toBeGreaterThan(290);
  const values = `('${'a'.repeat(5000)}!'), ('${'a'.repeat(5000)}')`;
  expect(await ofColumn(values, { pattern })).toMatchObject({ failingRows: 1 });
});

test('two thousand columns, each with a rule, are judged in one pass', async () => {
  const names = Array.from({ length: 2000 }, (_, at) => `c${at}`);
  const source = `(SELECT ${names.map((name, at) => `${at} AS ${name}`).join(', ')} FROM range(3))`;
  const { checks } = await judge(
    source,
    Object.fromEntries(names.map((name) => [name, ['required', { range: { max: 1998 } }]])),
  );
  expect(checks).toHaveLength(4000);
  expect(checks.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name)).toEqual(['c1999.range']);
});

test('all-NULL columns, NaN, the years 1 and 9999 and no rows at all are judged by the same rules', async () => {
  expect(await ofColumn('(NULL::VARCHAR), (NULL)', { format: 'email' })).toMatchObject({
    verdict: 'pass',
    skippedNulls: 2,
  });
  expect(await ofColumn("('nan'::DOUBLE), (1)", { range: { min: 0 } })).toMatchObject({ failingRows: 1 });
  const years = "(DATE '0001-01-01'), (DATE '9999-12-31')";
  expect(await ofColumn(years, { range: { min: '0001-01-01', max: '9999-12-31' } })).toMatchObject({ verdict: 'pass' });
  const none = '(SELECT 1 AS x WHERE false)';
  const { checks } = await judge(none, { x: ['required', 'unique'] }, [{ query: 'select count(*) from input' }]);
  expect(checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass']);
});
