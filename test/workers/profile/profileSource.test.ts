import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileSource } from '../../../src/workers/profile/profileSource.js';
import { openPlainSession } from '../../support/plainSession.js';
import { describeSource } from '../../support/describeSource.js';
import type { ColumnProfile, ProfileReport } from '../../../src/shared/findings/reports.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;
beforeAll(async () => {
  session = await openPlainSession();
});
afterAll(() => session.close());

async function profile(source: string, options: { exactRows?: number; keys?: string[] } = {}): Promise<ProfileReport> {
  return profileSource({ session, source, columns: await describeSource(session, source), ...options });
}

async function profileOne(values: string): Promise<ColumnProfile> {
  return (await profile(`(SELECT * FROM (VALUES ${values}) AS _v(x))`)).columns[0]!;
}

describe('a profile of known values', () => {
  it('counts, ranks and averages integers', async () => {
    const found = await profile('(SELECT x::INTEGER AS x FROM range(1, 101) AS t(x) UNION ALL SELECT NULL)');
    expect(found.rows).toBe(101);
    expect(found.sample).toBeUndefined();
    expect(found.columns[0]).toMatchObject({
      name: 'x',
      type: 'INTEGER',
      nulls: 1,
      nullFraction: 1 / 101,
      distinct: 100,
      distinctMethod: 'exact',
      min: 1,
      max: 100,
      mean: 50.5,
      quantiles: { p1: 1, p5: 5, p25: 25, p50: 50, p75: 75, p95: 95, p99: 99 },
    });
    expect(found.columns[0]?.stddev).toBeCloseTo(29.011491975882016, 10);
    expect(found.columns[0]?.histogram).toHaveLength(20);
    expect(found.columns[0]?.histogram?.reduce((sum, bar) => sum + bar.rows, 0)).toBe(100);
  });

  it('sets NaN and infinities aside', async () => {
    const found = await profileOne("(1.5::DOUBLE), (2.5), ('nan'), ('inf'), ('-inf'), ('inf'), (NULL)");
    expect(found).toMatchObject({
      nulls: 1,
      nan: 1,
      infinite: 3,
      distinct: 5,
      mean: 2,
      min: '-Infinity',
      max: 'Infinity',
    });
    expect(found.stddev).toBeCloseTo(Math.SQRT1_2, 12);
    expect(found.quantiles).toMatchObject({ p1: 1.5, p99: 2.5 });
    expect(found.top?.[0]).toEqual({ value: 'Infinity', rows: 2 });
    expect(found.top).toContainEqual({ value: 'NaN', rows: 1 });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('leaves out what a column of NaN alone cannot have', async () => {
    const found = await profileOne("('nan'::DOUBLE), ('nan')");
    expect(found).toEqual({
      name: 'x',
      type: 'DOUBLE',
      nulls: 0,
      nullFraction: 0,
      nan: 2,
      infinite: 0,
      distinct: 1,
      distinctMethod: 'exact',
      top: [{ value: 'NaN', rows: 2 }],
    });
  });

  it('averages floats that are too large to be summed', async () => {
    const found = await profileOne('(1e308::DOUBLE), (1.5e308), (-1e308)');
    expect(found.mean).toBeCloseTo(5e307, -297);
    expect(Number(found.stddev) / 1.3228756555322954e308).toBeCloseTo(1, 10);
    expect(found.histogram?.reduce((sum, bar) => sum + bar.rows, 0)).toBe(3);
  });

  it('keeps integers beyond 2^53 and long decimals as text', async () => {
    const found = await profile(
      '(SELECT 170141183460469231731687303715884105727::HUGEINT AS h, 9007199254740993::BIGINT AS b, 12345678901234567890.12::DECIMAL(38,2) AS d, 0.10::DECIMAL(10,2) AS s)',
    );
    expect(found.columns.map(({ min, max }) => [min, max])).toEqual([
      ['170141183460469231731687303715884105727', '170141183460469231731687303715884105727'],
      ['9007199254740993', '9007199254740993'],
      ['12345678901234567890.12', '12345678901234567890.12'],
      [0.1, 0.1],
    ]);
    expect(found.columns[0]?.quantiles?.p50).toBe('170141183460469231731687303715884105727');
    expect(found.columns[0]?.histogram).toHaveLength(1);
    expect(found.columns[0]).not.toHaveProperty('stddev');
  });

  it('sums wide numbers without overflow', async () => {
    const wide = '99999999999999999999999999999999999999';
    const found = await profile(
      `(SELECT ${wide}::DECIMAL(38,0) AS d, 170141183460469231731687303715884105727::HUGEINT AS h FROM range(10))`,
    );
    expect(Number(found.columns[0]?.mean) / 1e38).toBeCloseTo(1, 12);
    expect(found.columns[1]?.stddev).toBe(0);
  });

  it('reaches from year 1 to year 9999 and to the infinite date', async () => {
    const dates = await profileOne("(DATE '0001-01-01'), (DATE '9999-12-31'), (DATE '2024-02-29')");
    expect(dates).toMatchObject({ min: '0001-01-01', max: '9999-12-31', quantiles: { p50: '2024-02-29' } });
    expect(dates).not.toHaveProperty('mean');
    expect((await profileOne("(DATE 'infinity'), (DATE '5877642-06-25 (BC)')")).max).toBe('infinity');
    const times = await profileOne("(TIMESTAMPTZ '2024-01-01 00:00:00+00'), (TIMESTAMPTZ 'infinity')");
    expect(times).toMatchObject({ max: 'infinity', distinct: 2 });
  });

  it('knows booleans, identifiers, bytes, enums and intervals', async () => {
    const found = await profile(
      `(SELECT true AS b, '00000000-0000-0000-0000-000000000001'::UUID AS u, 'ab'::BLOB AS y, 'z'::ENUM('z', 'a') AS e, INTERVAL 1 DAY AS i, '101'::BIT AS t, '{"a":1}'::JSON AS j, TIME '10:00' AS h)`,
    );
    const [b, u, y, e, i, t, j, h] = found.columns;
    expect(b).toMatchObject({ min: true, max: true, distinct: 1, top: [{ value: true, rows: 1 }] });
    expect(u).toMatchObject({ min: '00000000-0000-0000-0000-000000000001', distinct: 1 });
    expect(y).toMatchObject({ lengths: { min: 2, max: 2, mean: 2 }, distinct: 1 });
    expect(y).not.toHaveProperty('top');
    expect(y).not.toHaveProperty('min');
    expect(e).toMatchObject({ min: 'z', lengths: { min: 1, max: 1, mean: 1 } });
    expect(i).toMatchObject({ min: '1 day', distinct: 1 });
    expect(t).toMatchObject({ lengths: { min: 3, max: 3, mean: 3 } });
    expect(j).toMatchObject({ min: '{"a":1}', lengths: { min: 7 } });
    expect(h).toMatchObject({ min: '10:00:00' });
  });

  it('looks at nested values by presence and length', async () => {
    const found = await profile(
      "(SELECT * FROM (VALUES ([1, 2], {'a': 1}, MAP {'k': 1}, [1, 2]::INTEGER[2]), (NULL, NULL, NULL, NULL), ([], {'a': NULL}, MAP {}, NULL)) AS t(l, s, m, a))",
    );
    expect(found.columns.filter(({ path }) => path === undefined)).toEqual([
      { name: 'l', type: 'INTEGER[]', nulls: 1, nullFraction: 1 / 3, lengths: { min: 0, max: 2, mean: 1 } },
      { name: 's', type: 'STRUCT(a INTEGER)', nulls: 1, nullFraction: 1 / 3 },
      {
        name: 'm',
        type: 'MAP(VARCHAR, INTEGER)',
        nulls: 1,
        nullFraction: 1 / 3,
        lengths: { min: 0, max: 1, mean: 0.5 },
      },
      { name: 'a', type: 'INTEGER[2]', nulls: 2, nullFraction: 2 / 3, lengths: { min: 2, max: 2, mean: 2 } },
    ]);
  });

  it('says little about columns of NULL alone and about no rows at all', async () => {
    const all = { nulls: 2, nullFraction: 1, distinct: 0, distinctMethod: 'exact', top: [] };
    expect(await profileOne('(NULL::INTEGER), (NULL)')).toEqual({ name: 'x', type: 'INTEGER', ...all });
    expect(await profileOne('(NULL::VARCHAR), (NULL)')).toEqual({ name: 'x', type: 'VARCHAR', ...all });
    expect(await profileOne('(NULL::DATE), (NULL)')).toEqual({ name: 'x', type: 'DATE', ...all });
    const none = await profile('(SELECT 1 AS x, 1.5::DOUBLE AS f WHERE false)');
    expect(none).toMatchObject({ rows: 0, columns: [{ nulls: 0, nullFraction: 0, distinct: 0 }, { nan: 0 }] });
  });

  it('takes any column name and leaves out those of Sluice', async () => {
    const found = await profile(
      `(SELECT 1 AS "a""b", 2 AS "c.d", 3 AS "🚰", 4 AS "_s", 5 AS "rows", 6 AS " ", 7 AS "select", 8 AS _sluice_row, {'x': 1} AS "s")`,
    );
    expect(found.columns.map(({ name, min }) => [name, min])).toEqual([
      ['a"b', 1],
      ['c.d', 2],
      ['🚰', 3],
      ['_s', 4],
      ['rows', 5],
      [' ', 6],
      ['select', 7],
      ['s', undefined],
      ['s.x', 1],
    ]);
    expect(await profile('(SELECT 1 AS _sluice_row)')).toMatchObject({ rows: 1, columns: [] });
  });

  it('orders top values by rows, then by value, and cuts long texts', async () => {
    const found = await profileOne(`('b'), ('b'), ('c'), ('a'), ('${'x'.repeat(1000)}')`);
    expect(found.top).toEqual([
      { value: 'b', rows: 2 },
      { value: 'a', rows: 1 },
      { value: 'c', rows: 1 },
      { value: 'x'.repeat(200), rows: 1 },
    ]);
    expect(found.lengths).toEqual({ min: 1, max: 1000, mean: 1004 / 5 });
  });

  it('chooses the smallest of values that are equally frequent', async () => {
    const found = await profile("(SELECT 'v' || (9999 - i * 7 % 5000) AS x FROM range(5000) AS t(i))");
    const values = Array.from({ length: 10 }, (_, at) => ({ value: `v${5000 + at}`, rows: 1 }));
    expect(found.columns[0]?.top).toEqual(values);
  });

  it('covers hundreds of columns in a few statements', async () => {
    const columns = Array.from({ length: 120 }, (_, at) => `${at} AS c${at}`);
    const source = `(SELECT ${columns.join(', ')})`;
    const described = await describeSource(session, source);
    const before = session.statements.length;
    const found = await profileSource({ session, source, columns: described });
    expect(found.columns[119]).toMatchObject({ name: 'c119', min: 119, distinct: 1 });
    expect(session.statements.length - before).toBe(2 + 3 + 1);
  });

  it('stops when its signal aborts', async () => {
    const columns = [{ name: 'x', type: 'INTEGER' }];
    await expect(
      profileSource({ session, source: '(SELECT 1 AS x)', columns, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });
});

describe('a profile of many rows', () => {
  const source = `(SELECT i AS id, i % 1000 AS tenant, (i * 7919 % 1000003)::DOUBLE AS score, 'user-' || (i % 300000) AS name FROM range(600000) AS t(i))`;

  it('estimates wide distinct counts within four standard errors, counts narrow ones and keys', async () => {
    const found = await profile(source, { keys: ['name'] });
    const [id, tenant, , name] = found.columns;
    expect(id?.distinctMethod).toBe('approximate');
    expect(Math.abs((id?.distinct ?? 0) / 600_000 - 1)).toBeLessThan(4 * (id?.distinctError ?? 0));
    expect(tenant).toMatchObject({ distinct: 1000, distinctMethod: 'exact' });
    expect(tenant?.top?.[0]).toEqual({ value: 0, rows: 600 });
    expect(name).toMatchObject({ distinct: 300_000, distinctMethod: 'exact' });
    expect(name).not.toHaveProperty('distinctError');
    expect(name).not.toHaveProperty('top');
  });

  it('takes quantiles from a random sample and says so', async () => {
    const found = await profile(source);
    expect(found.sample?.fraction).toBeCloseTo(1 / 6, 12);
    expect(found.sample?.rows).toBeGreaterThan(95_000);
    expect(found.sample?.rankError).toBeLessThan(0.004);
    expect(Number(found.columns[0]?.quantiles?.p50) / 300_000).toBeCloseTo(1, 1);
    const bars = found.columns[0]?.histogram?.map((bar) => bar.rows) ?? [];
    expect(bars.reduce((sum, rows) => sum + rows, 0) / 600_000).toBeCloseTo(1, 3);
  });

  it('is exact where the caller asks for it', async () => {
    const found = await profile(source, { exactRows: 1_000_000 });
    expect(found.columns[0]).toMatchObject({ distinct: 600_000, distinctMethod: 'exact', quantiles: { p50: 299_999 } });
    expect(found.sample).toBeUndefined();
  });
});

describe('fields within structs', () => {
  const source = `(SELECT {'city': 'Köln', 'geo': {'a.b "ß"': x::DOUBLE, 'tags': [1, 2]}} AS address, x AS id FROM range(10) AS t(x) UNION ALL SELECT NULL, 10)`;

  it('are profiled by their path, after their column', async () => {
    const { columns } = await profile(source);
    expect(columns.map(({ name }) => name)).toEqual([
      'address',
      'address.city',
      'address.geo',
      'address.geo.a.b "ß"',
      'address.geo.tags',
      'address.geo.tags[]',
      'id',
    ]);
    expect(columns[0]).not.toHaveProperty('path');
    expect(columns[1]).toMatchObject({
      path: ['address', 'city'],
      nulls: 1,
      distinct: 1,
      top: [{ value: 'Köln', rows: 10 }],
    });
    expect(columns[3]).toMatchObject({ path: ['address', 'geo', 'a.b "ß"'], nulls: 1, min: 0, max: 9, mean: 4.5 });
    expect(columns[4]).toMatchObject({ nulls: 1, lengths: { min: 2, max: 2, mean: 2 } });
  });

  it('have estimates and quantiles too when the source is large', async () => {
    const { columns } = await profile(source, { exactRows: 1 });
    expect(columns[3]?.quantiles?.p50).toBeTypeOf('number');
  });
});

describe('what texts look like', () => {
  it.each([
    ["('4711'), ('-12')", 'integer'],
    ["('4711'), ('1.5e3')", 'number'],
    ["('2026-05-31'), ('0001-01-01')", 'date'],
    ["('2026-05-31T10:00:00Z'), ('2026-05-31 10:00')", 'timestamp'],
    ["('0190a5f0-0000-7000-8000-000000000000'), (NULL)", 'uuid'],
    ["('a.b+c@example.co.uk'), ('x@y.de')", 'email'],
    ["('10.0.0.1'), ('255.255.255.255')", 'ipv4'],
    ["('https://a.b/c?d'), ('s3://x/y')", 'url'],
    ["('4711'), ('x')", undefined],
    ["(''), ('1')", undefined],
  ])('%s: %s', async (values, format) => {
    expect((await profileOne(values)).patterns?.format).toBe(format);
  });

  it('is told by patterns with their rows', async () => {
    const { patterns } = await profileOne("('AB-12'), ('XY-99'), ('XY-99'), ('né 1'), (NULL)");
    expect(patterns).toMatchObject({
      values: 3,
      rows: 4,
      top: [
        { pattern: 'AA-99', rows: 3 },
        { pattern: 'aé 9', rows: 1 },
      ],
    });
  });

  it('is told of wide columns of large sources from a part of them', async () => {
    const found = await profile('(SELECT md5(x::VARCHAR)::UUID::VARCHAR AS x FROM range(250000) AS t(x))', {
      exactRows: 1000,
    });
    expect(found.columns[0]).toMatchObject({ distinctMethod: 'approximate', patterns: { format: 'uuid' } });
    expect(found.columns[0]?.patterns?.values).toBeGreaterThan(100);
  });
});

it('counts days that often stand for none, of years 0001 to 9999 and infinite ones', async () => {
  const days = await profileOne(
    "(DATE '0001-01-01'), ('1900-01-01'), ('1900-01-01'), ('2020-05-05'), ('9999-12-31'), ('infinity'), ('-infinity'), (NULL)",
  );
  expect(days.sentinels).toEqual([
    { value: '0001-01-01', rows: 1 },
    { value: '1900-01-01', rows: 2 },
    { value: '9999-12-31', rows: 1 },
  ]);
  const moments = await profileOne("(TIMESTAMP '1970-01-01 00:00:00'), ('2020-05-05')");
  expect(moments.sentinels).toEqual([{ value: '1970-01-01', rows: 1 }]);
  expect(await profileOne("(DATE '2020-01-01'), (NULL)")).not.toHaveProperty('sentinels');
});
