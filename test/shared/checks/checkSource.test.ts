import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnCheckSchema, tableCheckSchema } from '../../../src/shared/config/checks.js';
import { checkSource } from '../../../src/shared/checks/checkSource.js';
import { describeSource } from '../../support/describeSource.js';
import { openEngineSession } from '../../support/engineSession.js';
import type { ColumnCheck, TableCheck } from '../../../src/shared/config/checks.js';
import type { CheckReport, CheckResult } from '../../../src/shared/findings/check.js';

let session: Awaited<ReturnType<typeof openEngineSession>>;
const statements: string[] = [];
beforeAll(async () => {
  session = await openEngineSession();
});
afterAll(() => session.close());

const NOW = Date.parse('2024-03-01T00:00:00Z');

async function check(source: string, columns: Record<string, unknown[]>, table: unknown[] = []): Promise<CheckReport> {
  const checks: Record<string, { checks: ColumnCheck[] }> = {};
  for (const [name, written] of Object.entries(columns))
    checks[name] = { checks: columnCheckSchema.array().parse(written) };
  const tableChecks: TableCheck[] = tableCheckSchema.array().parse(table);
  const described = await describeSource(session, source);
  statements.length = 0;
  const counting = {
    ...session,
    query: (sql: string, signal?: AbortSignal) => {
      statements.push(sql);
      return session.query(sql, signal);
    },
  };
  return checkSource({ session: counting, source, columns: described, checks, tableChecks, now: NOW });
}

async function checkOne(values: string, written: unknown): Promise<CheckResult> {
  return (await check(`(SELECT * FROM (VALUES ${values}) AS _v(x))`, { x: [written] })).checks[0]!;
}

describe('a check of a column', () => {
  it.each([
    [
      '(1), (NULL), (3)',
      'required',
      { verdict: 'fail', actual: 1, failingRows: 1, skippedNulls: 0, expected: 'no NULL' },
    ],
    ['(1), (2)', 'required', { verdict: 'pass', actual: 0, failingRows: 0 }],
    ['(1), (1), (1), (2), (NULL), (NULL)', 'unique', { verdict: 'fail', failingRows: 2, skippedNulls: 2 }],
    ['(1), (2), (NULL), (NULL)', 'unique', { verdict: 'pass', failingRows: 0, skippedNulls: 2 }],
    [
      "('a'), ('b'), ('c'), (NULL)",
      { acceptedValues: ['a', 'b'] },
      { verdict: 'fail', failingRows: 1, skippedNulls: 1 },
    ],
    ["('1'), ('true')", { acceptedValues: [1, true] }, { verdict: 'pass' }],
    ['(1), (2)', { acceptedValues: [1, 'N/A'] }, { verdict: 'fail', failingRows: 1 }],
    ["('a'::ENUM('a', 'b')), ('b')", { acceptedValues: ['a', 'z'] }, { verdict: 'fail', failingRows: 1 }],
    ["(DATE '2024-01-01'), (DATE '2024-01-02')", { acceptedValues: ['2024-01-01'] }, { failingRows: 1 }],
    [
      '(-1), (0), (5), (6), (NULL)',
      { range: { min: 0, max: 5 } },
      { verdict: 'fail', failingRows: 2, skippedNulls: 1 },
    ],
    ["(1.5::DOUBLE), ('nan'), ('inf')", { range: { min: 0 } }, { failingRows: 1 }],
    ["(1.5::DOUBLE), ('nan'), ('inf')", { range: { max: 9 } }, { failingRows: 2 }],
    ['(0.1::DECIMAL(38,10)), (0.3)', { range: { max: '0.2' } }, { failingRows: 1 }],
    ["(DATE '2023-12-31'), (DATE '2024-06-01')", { range: { min: '2024-01-01' } }, { failingRows: 1 }],
    ["('b'), ('d')", { range: { min: 'a', max: 'c' } }, { failingRows: 1 }],
    ["('ab'), ('abc'), ('🚰')", { length: { min: 2, max: 2 } }, { failingRows: 2 }],
    ['([1]), ([1, 2])', { length: { max: 1 } }, { failingRows: 1 }],
    ["('ab1'), ('b'), (NULL)", { pattern: '^[a-z]+$' }, { failingRows: 1, skippedNulls: 1 }],
    ["('a''b')", { pattern: "'" }, { verdict: 'pass' }],
    ['(1), (-1), (NULL)', { expr: 'x >= 0' }, { verdict: 'fail', failingRows: 1, skippedNulls: 1 }],
    ["('ab'), ('c')", { expr: "length(x) = 2 or x in ('d') or x like 'c%'" }, { verdict: 'pass' }],
    ['(1), (-1)', { expr: 'x >= 0', onFail: 'warn' }, { verdict: 'warn' }],
    ['(1), (NULL)', { metric: 'nullValues', unit: 'percent', warn: 1, fail: 50 }, { verdict: 'warn', actual: 50 }],
    ['(1), (NULL)', { metric: 'nullValues', unit: 'percent', warn: 1, fail: 49 }, { verdict: 'fail', failingRows: 1 }],
    ['(1), (NULL)', { metric: 'nullValues', unit: 'percent', warn: 50 }, { verdict: 'pass' }],
    ['(1), (NULL)', { metric: 'nullValues', mustBe: 0 }, { verdict: 'fail', expected: 'nullValues, mustBe 0' }],
    ['(1), (NULL)', { metric: 'nullValues', mustBeBetween: [1, 2] }, { verdict: 'pass', actual: 1 }],
    ['(1), (NULL)', { metric: 'nullValues', mustBeLessThan: 51, unit: 'percent' }, { verdict: 'pass', actual: 50 }],
    ["(''), (NULL), ('N/A'), ('x')", { metric: 'missingValues', mustBe: 0 }, { failingRows: 2 }],
    [
      "(''), (NULL), ('N/A'), ('x')",
      { metric: 'missingValues', arguments: { missingValues: ['N/A'] }, mustBe: 1 },
      { verdict: 'pass' },
    ],
    [
      "('new'), ('old'), (NULL)",
      { metric: 'invalidValues', arguments: { validValues: ['new'] }, unit: 'percent', mustBeLessOrEqualTo: 50 },
      { verdict: 'pass', actual: 50, skippedNulls: 1 },
    ],
    ['(1), (1), (2)', { metric: 'duplicateValues', mustBeLessThan: 2 }, { verdict: 'pass', actual: 1 }],
  ])('of %s by %j', async (values, written, result) => {
    expect(await checkOne(values, written)).toMatchObject(result);
  });

  it('passes over no rows, warns and fails at its own levels', async () => {
    const none = await check('(SELECT 1 AS x WHERE false)', {
      x: ['required', 'unique', { metric: 'nullValues', unit: 'percent', fail: 0 }],
    });
    expect(none).toMatchObject({ verdict: 'pass', hold: false, rows: 0 });
  });

  it('fails alone where it cannot be evaluated, and never quotes a value', async () => {
    const found = await check("(SELECT 'geheim' AS t, 1 AS n, DATE '2024-01-01' AS d)", {
      gone: ['required', { expr: 'n > 0', name: 'warned', onFail: 'warn' }],
      n: [{ range: { min: 'a' } }, { length: { max: 1 } }, { range: { min: 0 } }, { expr: 'nn > 0' }],
      t: [{ range: { max: 5 } }, { expr: 't::INTEGER > 0' }, { pattern: '(' }, 'required'],
      d: [{ range: { min: 'yesterday' } }],
    });
    expect(found.checks.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual([
      ['gone.required', 'fail', 'the batch has no column "gone"'],
      ['warned', 'warn', 'the batch has no column "gone"'],
      ['n.range', 'fail', 'expected a range for INTEGER, got "a"'],
      ['n.length', 'fail', 'expected a column that has a length, got INTEGER'],
      ['n.range #2', 'pass', undefined],
      ['n.expr', 'fail', expect.stringContaining('"nn" not found')],
      ['t.range', 'fail', 'expected a range for VARCHAR, got 5'],
      ['t.expr', 'fail', 'it cannot be evaluated: Conversion Error (a value or literal does not fit)'],
      ['t.pattern', 'fail', 'expected a pattern that RE2 reads, got one with this fault: missing ): ('],
      ['t.required', 'pass', undefined],
      ['d.range', 'fail', 'it cannot be evaluated: Conversion Error (a value or literal does not fit)'],
    ]);
    expect(JSON.stringify(found)).not.toContain('geheim');
    expect(found).toMatchObject({ verdict: 'fail', hold: true });
  });
});

describe('a check of the table', () => {
  const source = `(SELECT i AS a, i % 2 AS b, TIMESTAMP '2024-02-28 22:00:00' - INTERVAL (i) HOUR AS at, DATE '2024-02-29' AS day FROM range(10) AS t(i))`;

  it.each([
    [
      { metric: 'rowCount', mustBeBetween: [1, 10] },
      { verdict: 'pass', actual: 10, name: 'rowCount' },
    ],
    [
      { metric: 'rowCount', mustBeGreaterThan: 10 },
      { verdict: 'fail', actual: 10 },
    ],
    [{ metric: 'rowCount', mustNotBeBetween: [5, 15], onFail: 'warn' }, { verdict: 'warn' }],
    [
      { metric: 'freshness', column: 'at', warn: '24h' },
      { verdict: 'warn', actual: '26h' },
    ],
    [{ metric: 'freshness', column: 'at', warn: '24h', fail: '25h' }, { verdict: 'fail' }],
    [
      { metric: 'freshness', column: 'day', mustBeLessThan: '2d' },
      { verdict: 'pass', actual: '24h' },
    ],
    [
      { metric: 'freshness', column: 'a', fail: '1h' },
      { verdict: 'fail', actual: null, reason: expect.any(String) },
    ],
    [{ unique: ['a', 'b'] }, { verdict: 'pass', name: 'unique(a, b)' }],
    [{ unique: ['b', 'day'] }, { verdict: 'fail', failingRows: 8 }],
    [{ metric: 'duplicateValues', arguments: { properties: ['b'] }, mustBe: 8 }, { verdict: 'pass' }],
    [{ expr: 'a >= b' }, { verdict: 'pass', name: 'expr(a >= b)' }],
    [{ unique: ['a', 'gone'] }, { verdict: 'fail', reason: 'the batch has no column "gone"' }],
  ])('by %j', async (written, result) => {
    const found = await check(source, {}, [written]);
    expect(found.checks[0]).toMatchObject(result);
    expect(found.checks[0]).not.toHaveProperty('column');
  });

  it('skips rows with a NULL in a composite key', async () => {
    const found = await check('(SELECT 1 AS a, NULL AS b FROM range(3))', {}, [{ unique: ['a', 'b'] }]);
    expect(found.checks[0]).toMatchObject({ verdict: 'pass', failingRows: 0, skippedNulls: 3 });
  });

  it('calls no newest value a fault', async () => {
    const found = await check('(SELECT NULL::TIMESTAMPTZ AS at)', {}, [
      { metric: 'freshness', column: 'at', warn: '1h' },
    ]);
    expect(found.checks[0]).toMatchObject({ verdict: 'warn', actual: null, reason: 'no row has a value' });
  });

  it.each(['TIMESTAMP', 'TIMESTAMPTZ', 'DATE', 'TIMESTAMP_NS'])(
    'measures the age of %s by the newest value that is not ahead of the clock',
    async (type) => {
      const far = type === 'TIMESTAMP_NS' ? '2200-12-31' : '9999-12-31';
      const rows = `(SELECT * FROM (VALUES ('0001-01-01'::DATE), ('2024-02-20'), ('${far}'), (NULL)) AS _v(d))`;
      const source = `(SELECT d::${type} AS at FROM ${rows} WHERE d > '1700-01-01' OR '${type}' <> 'TIMESTAMP_NS')`;
      const found = await check(source, {}, [
        { metric: 'freshness', column: 'at', fail: '7d' },
        { metric: 'freshness', column: 'at', mustBeLessThan: '11d' },
      ]);
      const reason = '1 values lie more than a day ahead of now and do not count';
      expect(found.checks).toMatchObject([
        { verdict: 'fail', actual: '240h', reason },
        { verdict: 'pass', actual: '240h', reason },
      ]);
      const alone = await check(`(SELECT '${far}'::${type} AS at)`, {}, [
        { metric: 'freshness', column: 'at', fail: '7d' },
      ]);
      expect(alone.checks[0]).toMatchObject({ verdict: 'fail', actual: null, reason });
    },
  );

  it('tells a figure that the engine cannot give of that check alone, and holds NaN for no figure within bounds', async () => {
    const source = "(SELECT * FROM (VALUES (1.0::DOUBLE, 1), ('inf', 2), ('nan', 3)) AS _v(x, n))";
    const found = await check(source, { n: [{ range: { max: 2 } }] }, [
      { metric: 'stddev', column: 'x', mustBeGreaterThan: 0 },
      { metric: 'avg', column: 'x', mustNotBe: 5 },
      { metric: 'sum', column: 'n', mustBe: 6 },
      { query: 'SELECT sum(x) FROM input;\n' },
      { query: "SELECT 'nan'::DOUBLE", warn: 5 },
    ]);
    expect(found.checks.map(({ verdict, actual }) => [verdict, actual])).toEqual([
      ['fail', 1],
      ['fail', null],
      ['fail', 'NaN'],
      ['pass', 6],
      ['fail', 'NaN'],
      ['warn', 'NaN'],
    ]);
    expect(found.checks[1]?.reason).toContain('it cannot be evaluated');
  });
});

describe('the sample of failing rows', () => {
  const source = `(SELECT '00000000-0000-0000-0000-00000000000' || (i % 2) AS o, o::UUID AS _sluice_object, i::BIGINT AS _sluice_row, 'value ' || i AS name, i AS n, 'x' AS r0, i AS "value" FROM range(100) AS t(i))`;

  it('names object and row, in order, at most 20, and masks the value', async () => {
    const found = await check(source, { name: [{ acceptedValues: ['a'] }] });
    const [first] = found.checks;
    expect(first?.failingRows).toBe(100);
    expect(first?.sample).toHaveLength(20);
    expect(first?.sample.slice(0, 2)).toEqual([
      { object: '00000000-0000-0000-0000-000000000000', row: 0, value: 'v…(7)' },
      { object: '00000000-0000-0000-0000-000000000000', row: 2, value: 'v…(7)' },
    ]);
    expect(JSON.stringify(found.checks)).not.toContain('value 1');
  });

  it('shows each column that an expression names', async () => {
    const found = await check(source, {}, [{ expr: "n < 99 or name is null or r0 = 'y' or value = 0" }]);
    expect(found.checks[0]?.sample).toEqual([
      { object: '00000000-0000-0000-0000-000000000001', row: 99, value: 'name=v…(8), n=9…(2), r0=…(1), value=9…(2)' },
    ]);
  });

  it('names the keys that occur most often, with their first row', async () => {
    const found = await check(source, { r0: ['unique'] }, [{ unique: ['o', 'r0'] }]);
    expect(found.checks[0]?.sample).toEqual([
      { object: '00000000-0000-0000-0000-000000000000', row: 0, value: '…(1)', rows: 100 },
    ]);
    expect(found.checks[1]?.sample).toEqual([
      { object: '00000000-0000-0000-0000-000000000000', row: 0, value: 'o=0…(36), r0=…(1)', rows: 50 },
      { object: '00000000-0000-0000-0000-000000000001', row: 1, value: 'o=0…(36), r0=…(1)', rows: 50 },
    ]);
  });

  it('does without places where the source has none', async () => {
    const found = await check('(SELECT NULL::VARCHAR AS x)', { x: ['required', 'unique'] });
    expect(found.checks[0]?.sample).toEqual([{ value: null }]);
  });
});

describe('expressions', () => {
  it.each([
    ['(SELECT 1) = 1', 'got subquery'],
    ['exists (FROM range(3))', 'got subquery'],
    ['x IN (SELECT 1)', 'got subquery'],
    ["x IN (FROM read_csv('/etc/passwd'))", 'got subquery'],
    ['x > 0; DROP TABLE t', 'got ";" or a comment'],
    ['x > 0 -- ', 'got ";" or a comment'],
    ['x > 0 /* */', 'got ";" or a comment'],
    ['x > length($$;$$)', 'got ";" or a comment'],
    ['x > 0), (true', 'syntax error'],
    ['x > 0) AS BOOLEAN) OR CAST((true', 'more than one expression'],
    ['x > 0) AS BOOLEAN) AS ok FROM range(3) AS t(x) WHERE CAST((true', 'syntax error'],
    ['x > 0) AS BOOLEAN) FROM range(3) AS t WHERE (CAST((true', 'syntax error'],
    ['x > 1) OR (true', undefined],
    ['count(*) > 0', 'got count_star()'],
    ['sum(x) OVER () > 0', 'got window'],
    ['random() > 0.5', 'got random()'],
    ["length(read_text('/etc/passwd')) > 0", 'got read_text()'],
    ["getvariable('a') = 1", 'got getvariable()'],
    ["current_setting('temp_directory') = 'x'", 'got current_setting()'],
    ['unnest([x]) > 0', 'got unnest()'],
    ['no_such_function(x)', 'got no_such_function()'],
    ['x = ?', 'got parameter'],
    ['COLUMNS(*) > 0', 'got star'],
    ['x + 1', 'got INTEGER'],
    ['x >', 'syntax error'],
    ["x::VARCHAR = ';' or x::VARCHAR = '--' or x > 0", undefined],
    ['list_contains(list_transform([1, 2], lambda y: y + 1), x) or x = 1', undefined],
    ["CASE WHEN x > 0 THEN true END AND regexp_matches(x::VARCHAR, '^1$') AND x BETWEEN 0 AND 1", undefined],
    ['coalesce(nullif(x, 2), 1) = abs(x) AND x IS NOT DISTINCT FROM 1', undefined],
    ["now() > TIMESTAMP '2020-01-01' AND date_part('year', DATE '2020-01-01') = 2020", undefined],
  ])('%s: %s', async (expr, refusal) => {
    const found = await checkOne('(1)', { expr });
    if (refusal === undefined) expect(found).toMatchObject({ verdict: 'pass' });
    else expect(found).toMatchObject({ verdict: 'fail', reason: expect.stringContaining(refusal) });
  });

  it('take columns by any name, within structures too', async () => {
    const found = await check(`(SELECT 1 AS "a b", {'c': 2} AS s, 3 AS "q""q")`, {}, [
      { expr: '"a b" = 1 AND s.c = 2 AND "q""q" = 3' },
    ]);
    expect(found.checks[0]).toMatchObject({ verdict: 'pass', failingRows: 0, skippedNulls: 0 });
  });
});

describe('the cost of checks', () => {
  it('is one pass for all rules that hold', async () => {
    const found = await check('(SELECT i AS a, i AS b FROM range(1000) AS t(i))', {
      a: ['required', { range: { min: 0 } }, { acceptedValues: Array.from({ length: 1000 }, (_, at) => at) }],
      b: ['required', { metric: 'nullValues', mustBe: 0 }, { pattern: '^[0-9]+$' }],
    });
    expect(found).toMatchObject({ verdict: 'pass', rows: 1000 });
    expect(statements.filter((sql) => !sql.startsWith('DESCRIBE'))).toHaveLength(1);
  });

  it('is an answer without checks', async () => {
    expect(await check('(SELECT 1 AS a)', {})).toEqual({ verdict: 'pass', hold: false, rows: 1, checks: [] });
  });
});
