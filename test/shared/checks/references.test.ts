import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSource } from '../../../src/shared/checks/checkSource.js';
import { openReferences, type ReferencedValues } from '../../../src/shared/checks/references.js';
import { columnCheckSchema, tableCheckSchema } from '../../../src/shared/config/checks.js';
import { openEngine } from '../../../src/shared/engine/open.js';
import type { EngineSession } from '../../../src/shared/engine/port.js';
import { describeSource } from '../../support/describeSource.js';

const engine = openEngine({ maxChildren: 2 });
let folder: string;
let session: EngineSession;
let asked = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-references-'));
  session = await engine.open({ scratch: folder, memoryLimit: '500MB', threads: 2 });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function judge(source: string, others: ReferencedValues, more: object = {}, used = session) {
  const written = columnCheckSchema.array().parse([{ references: { dataset: 'customers', column: 'id' }, ...more }]);
  const references = openReferences({
    session: used,
    source,
    folder: await mkdtemp(join(folder, 'job-')),
    valuesOf: async () => {
      asked += 1;
      return others;
    },
  });
  const columns = await describeSource(used, source);
  const checks = { 'Customer "x.y" 🙂': { checks: written } };
  return (await checkSource({ session: used, source, columns, checks, tableChecks: [], references })).checks[0]!;
}

const rows = (values: string) => `(SELECT * FROM (VALUES ${values}) AS _v("Customer ""x.y"" 🙂"))`;
const known = (values: string, type: string): ReferencedValues => ({
  kind: 'values',
  source: `(SELECT * FROM (VALUES ${values}) AS _k(v0))`,
  types: [type],
});

test('values that cannot be compared fail their check alone, with the reason', async () => {
  const wide = known('(1::DECIMAL(38,30))', 'DECIMAL(38,30)');
  const check = await judge(rows('(123456789::BIGINT)'), wide);
  expect(check).toMatchObject({ verdict: 'fail', reason: expect.stringContaining('it cannot be evaluated') });
});

test('exactly the rows whose value the other dataset lacks break the check, and NULL is not judged', async () => {
  const ids = known('(1::BIGINT), (2), (2), (NULL)', 'BIGINT');
  expect(await judge(rows('(1), (3), (NULL), (3), (2), (4)'), ids)).toMatchObject({
    name: 'Customer "x.y" 🙂.references',
    verdict: 'fail',
    expected: 'a value of customers.id',
    failingRows: 3,
    skippedNulls: 1,
    sample: [{ value: '…(1)' }, { value: '…(1)' }, { value: '…(1)' }],
  });
  expect(await judge(rows('(1), (NULL), (2)'), ids)).toMatchObject({ verdict: 'pass', failingRows: 0 });
  expect(await judge(rows('(NULL::INTEGER)'), ids)).toMatchObject({ verdict: 'pass', skippedNulls: 1 });
  expect(await judge(`(SELECT * FROM ${rows('(1)')} WHERE false)`, ids)).toMatchObject({ verdict: 'pass' });
});

test.each([
  ["('a'), ('b'), ('A')", known("('a'), ('b')", 'VARCHAR'), 1],
  ["('a'::ENUM('a', 'b')), ('b')", known("('a')", 'VARCHAR'), 1],
  ['(1.50), (2.25)', known('(1.5::DOUBLE)', 'DOUBLE'), 1],
  ["('nan'::DOUBLE), (1)", known("('nan'::DOUBLE)", 'DOUBLE'), 1],
  ["(DATE '0001-01-01'), (DATE '9999-12-31')", known("(TIMESTAMP '9999-12-31 00:00:00')", 'TIMESTAMP'), 1],
])('%s has one value that is not among the others, whatever the width of its type', async (values, others, failing) => {
  expect(await judge(rows(values), others)).toMatchObject({ failingRows: failing });
});

test('several columns refer together: each value alone may be there, and a NULL among them is not judged', async () => {
  const source = `(SELECT * FROM (VALUES ('de', 1, 'a'), ('de', 2, 'b'), ('fr', 1, 'c'), ('fr', 2, 'd'), (NULL, 9, 'e'), ('de', NULL, 'f'))
    AS _v("the ""land"".x", code, id))`;
  const others: ReferencedValues = {
    kind: 'values',
    source: "(SELECT * FROM (VALUES ('de', 1::BIGINT), ('fr', 2), ('fr', 2)) AS _k(v0, v1))",
    types: ['VARCHAR', 'BIGINT'],
  };
  const written = { references: { dataset: 'regions', columns: { 'The "Land".x': 'country', code: 'nr' } } };
  const judged = async (more: object, given: ReferencedValues) => {
    const references = openReferences({
      session,
      source,
      folder: await mkdtemp(join(folder, 'job-')),
      valuesOf: async ({ columns }) => {
        expect(columns).toEqual(['country', 'nr']);
        return given;
      },
    });
    const tableChecks = [tableCheckSchema.parse({ ...written, ...more })];
    const columns = await describeSource(session, source);
    return (await checkSource({ session, source, columns, checks: {}, tableChecks, references })).checks[0]!;
  };
  expect(await judged({}, others)).toMatchObject({
    name: 'references(The "Land".x, code)',
    expected: 'values of regions (country, nr) together',
    verdict: 'fail',
    failingRows: 2,
    skippedNulls: 2,
    sample: [{ value: 'the "land".x=d…(2), code=…(1)' }, { value: 'the "land".x=f…(2), code=…(1)' }],
  });
  expect(await judged({ onFail: 'warn' }, others)).toMatchObject({ verdict: 'warn' });
  const other = { ...others, types: ['VARCHAR', 'DATE'] };
  expect(await judged({}, other)).toMatchObject({
    verdict: 'fail',
    actual: null,
    reason: 'expected values like those of regions.nr (DATE), got INTEGER',
  });
});

test('values of another kind, and others that cannot be read, fail with the reason; a check that only warns warns', async () => {
  const text = known("('1')", 'VARCHAR');
  const reason = 'expected values like those of customers.id (VARCHAR), got INTEGER';
  expect(await judge(rows('(1)'), text)).toMatchObject({ verdict: 'fail', actual: null, reason });
  const none: ReferencedValues = { kind: 'fault', reason: 'customers has no loaded rows yet' };
  expect(await judge(rows('(1)'), none)).toMatchObject({ verdict: 'fail', reason: 'customers has no loaded rows yet' });
  expect(await judge(rows('(1)'), none, { onFail: 'warn' })).toMatchObject({ verdict: 'warn' });
});

test('warn and fail bound the share of rows', async () => {
  const ids = known('(1)', 'INTEGER');
  const bound = { unit: 'percent', warn: 10, fail: 60 };
  expect(await judge(rows('(1), (2)'), ids, bound)).toMatchObject({ verdict: 'warn', actual: 50 });
});

test('the others are asked once for all that is done with one rule', async () => {
  asked = 0;
  await judge(rows('(1), (2)'), known('(1)', 'INTEGER'));
  expect(asked).toBe(1);
});

test('both sides may be larger than the memory', async () => {
  const small = await engine.open({ scratch: folder, memoryLimit: '120MB', threads: 1 });
  const digits = (from: number) => `(SELECT md5((i + ${from})::VARCHAR) AS %s FROM range(1500000) AS r(i))`;
  try {
    const source = digits(0).replace('%s', '"Customer ""x.y"" 🙂"');
    const others: ReferencedValues = {
      kind: 'values',
      source: digits(750_000).replace('%s', 'v0'),
      types: ['VARCHAR'],
    };
    expect(await judge(source, others, {}, small)).toMatchObject({ verdict: 'fail', failingRows: 750_000 });
  } finally {
    await small.close();
  }
});
