import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteText } from '../../../src/shared/schema/columns.js';
import { castSql, typedCastSql } from '../../../src/workers/compact/casts.js';
import { type Bench, openBench } from './support.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Each text, and what a cast to the type gives: undefined for a misfit. */
const CASES: Readonly<Record<string, readonly (readonly [text: string, value: string | undefined])[]>> = {
  BIGINT: [
    ['12', '12'],
    [' 12 ', '12'],
    ['-0', '0'],
    ['1.0', '1'],
    ['1e3', '1000'],
    ['007', '7'],
    ['9223372036854775807', '9223372036854775807'],
    ['9223372036854775808', undefined],
    ['9007199254740992.5', undefined],
    ['0.96e2', '96'],
    ['9.96e1', undefined],
    ['9007199254740993.0', '9007199254740993'],
    ['1.5', undefined],
    ['0x1F', undefined],
    ['1,000', undefined],
    ['nan', undefined],
    ['true', undefined],
    ['', undefined],
  ],
  SMALLINT: [
    ['32767', '32767'],
    ['32768', undefined],
  ],
  'DECIMAL(10,2)': [
    ['1.25', '1.25'],
    ['1.250', '1.25'],
    ['-99999999.99', '-99999999.99'],
    ['1.255', undefined],
    ['1.2500000000000000001', undefined],
    ['123456789.00', undefined],
  ],
  'DECIMAL(38,10)': [
    ['1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789'],
    ['1.01234567891', undefined],
  ],
  DOUBLE: [
    ['0.1', '0.1'],
    ['-1e-300', '-1e-300'],
    ['nan', 'nan'],
    ['abc', undefined],
    ['9007199254740992', '9007199254740992.0'],
    ['9007199254740991.5', '9007199254740992.0'],
    ['0', '0.0'],
    ['33839467725516830', '3.383946772551683e+16'],
    ['33839467725516832', '3.383946772551683e+16'],
    ['9007199254740993', undefined],
    ['9007199254740993.0', undefined],
    ['1e400', undefined],
    ['1e-400', undefined],
    ['-inf', '-inf'],
  ],
  FLOAT: [
    ['0.1', '0.1'],
    ['16777216', '16777216.0'],
    ['16777217', undefined],
    ['1e39', undefined],
  ],
  TIME: [
    ['10:00:00.123456', '10:00:00.123456'],
    ['10:00:00.1234560', '10:00:00.123456'],
    ['10:00:00.1234567', undefined],
    ['9:00:00.1234567', undefined],
  ],
  BOOLEAN: [
    ['true', 'true'],
    ['F', 'false'],
    ['2', undefined],
  ],
  DATE: [
    ['2024-02-29', '2024-02-29'],
    ['2024-02-29 00:00:00', '2024-02-29'],
    ['2024-02-29T10:00:00', undefined],
    ['2023-02-29', undefined],
    ['29.02.2024', undefined],
    ['epoch', undefined],
  ],
  TIMESTAMP: [
    ['2024-01-01', '2024-01-01 00:00:00'],
    ['2024-01-01T10:00:00Z', '2024-01-01 10:00:00'],
    ['2024-01-01 10:00:00.123456', '2024-01-01 10:00:00.123456'],
    ['2024-01-01 10:00:00.123456000', '2024-01-01 10:00:00.123456'],
    ['2024-01-01 10:00:00+00', '2024-01-01 10:00:00'],
    ['2024-01-01 10:00:00.1234567', undefined],
    ['2024-01-01 10:00+02', undefined],
    ['2024-01-01 10:00:00-05:00', undefined],
    ['1704067200', undefined],
    ['2024-01-01 1:00:00.1234567', undefined],
    ['2024-01-01 10:00:0.1234567', undefined],
    ['1-1-1 1:1:1.1234567', undefined],
    ['2024-01-01 10:00:00.1-05', undefined],
    ['2024-01-01T10:00:00.123Z', '2024-01-01 10:00:00.123'],
    ['epoch', undefined],
  ],
  'TIMESTAMP WITH TIME ZONE': [
    ['2024-01-01T10:00:00+02:00', '2024-01-01 08:00:00+00'],
    ['2024-01-01 10:00:00', '2024-01-01 10:00:00+00'],
    ['2024-01-01 10:00:00.1234567+00', undefined],
    ['2024-01-01 10:00:0.1234567Z', undefined],
    ['1-1-1 1:1:1.1234567+00', undefined],
    ['2024-01-01 10:00:00.123456-05:30', '2024-01-01 15:30:00.123456+00'],
    ['2024-01-01 10:00:00.5+01', '2024-01-01 09:00:00.5+00'],
  ],
  UUID: [
    ['6ccd780c-baba-1026-9564-5b8c656024db', '6ccd780c-baba-1026-9564-5b8c656024db'],
    ['x', undefined],
  ],
  JSON: [
    ['{"a": 1}', '{"a": 1}'],
    ['{a', undefined],
  ],
};

for (const [to, cases] of Object.entries(CASES)) {
  test(`text becomes ${to} whole or not at all`, async () => {
    for (const [text, value] of cases) {
      const cast = (misfit: 'error' | 'null') =>
        bench.session.query(
          `SELECT CAST(${castSql('x', { to, isEmptyNull: false, misfit, isGuess: false })} AS VARCHAR) AS v FROM (VALUES (${quoteText(text)})) t(x)`,
        );
      expect((await cast('null'))[0]?.v, text).toBe(value ?? null);
      if (value === undefined) await expect(cast('error'), text).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
      else expect((await cast('error'))[0]?.v, text).toBe(value);
    }
  });
}

test('NULL stays NULL; an empty field of CSV is NULL for all but text', async () => {
  for (const to of [...Object.keys(CASES), 'VARCHAR']) {
    const sql = castSql('x', { to, isEmptyNull: true, misfit: 'error', isGuess: true });
    const rows = await bench.session.query(`SELECT CAST(${sql} AS VARCHAR) AS v FROM (VALUES (NULL), ('')) t(x)`);
    expect(rows.map(({ v }) => v)).toEqual([null, to === 'VARCHAR' ? '' : null]);
  }
});

test('a guessed whole number with leading zeros is a misfit', async () => {
  const cast = (text: string) =>
    bench.session.query(
      `SELECT ${castSql('x', { to: 'BIGINT', isEmptyNull: true, misfit: 'null', isGuess: true })} AS v FROM (VALUES (${quoteText(text)})) t(x)`,
    );
  expect((await cast('0'))[0]?.v).toBe(0n);
  expect((await cast('10'))[0]?.v).toBe(10n);
  expect((await cast('02134'))[0]?.v).toBeNull();
});

test('a typed value that its new type cannot hold whole is an error', async () => {
  const cast = (value: string, from: string, to: string) =>
    bench.session.query(
      `SELECT CAST(${typedCastSql('x', { from, to, misfit: 'error' })} AS VARCHAR) AS v FROM (SELECT ${value}::${from} AS x)`,
    );
  expect((await cast('5', 'INTEGER', 'BIGINT'))[0]?.v).toBe('5');
  expect((await cast('9007199254740992', 'BIGINT', 'DOUBLE'))[0]?.v).toBe('9007199254740992.0');
  await expect(cast('9007199254740993', 'BIGINT', 'DOUBLE')).rejects.toMatchObject({ code: 'ENGINE_QUERY' });
  expect((await cast("'2024-01-01 10:00:00.123456'", 'TIMESTAMP_NS', 'TIMESTAMP'))[0]?.v).toBe(
    '2024-01-01 10:00:00.123456',
  );
  await expect(cast("'2024-01-01 10:00:00.1234567'", 'TIMESTAMP_NS', 'TIMESTAMP')).rejects.toMatchObject({
    code: 'ENGINE_QUERY',
  });
});
