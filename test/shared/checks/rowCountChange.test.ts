import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSource } from '../../../src/shared/checks/checkSource.js';
import { tableCheckSchema } from '../../../src/shared/config/checks.js';
import { openEngineSession } from '../../support/engineSession.js';

let session: Awaited<ReturnType<typeof openEngineSession>>;
beforeAll(async () => {
  session = await openEngineSession();
});
afterAll(() => session.close());

const LEVELS = { metric: 'rowCountChange', warn: 10, fail: 20 };

async function judge(written: object, history?: { rows: number; past: readonly number[] }) {
  const request = { session, source: '(SELECT 1 AS x)', columns: [{ name: 'x', type: 'INTEGER' }], checks: {} };
  const tableChecks = [tableCheckSchema.parse(written)];
  const report = await checkSource({ ...request, tableChecks, ...(history === undefined ? {} : { history }) });
  return report.checks[0];
}

const PAST = [100, 100, 90, 110, 100, 95, 105];

test.each([
  [105, 'pass', 5],
  [89, 'warn', 11],
  [110, 'pass', 10],
  [79, 'fail', 21],
  [0, 'fail', 100],
  [1000, 'fail', 900],
])('%i rows against a median of 100: %s', async (rows, verdict, actual) => {
  expect(await judge(LEVELS, { rows, past: PAST })).toMatchObject({
    name: 'rowCountChange',
    verdict,
    actual,
    expected: 'percent off the median of the last 30 batches, warn above 10, fail above 20',
    reason: `${rows} rows a file, median 100 of 7 batches`,
  });
});

test('with fewer than seven earlier batches, or none known, it passes and says so', async () => {
  expect(await judge(LEVELS, { rows: 1, past: PAST.slice(1) })).toMatchObject({
    verdict: 'pass',
    actual: null,
    reason: 'warming up: 6 of 7 earlier batches are known',
  });
  expect(await judge(LEVELS)).toMatchObject({ verdict: 'pass', actual: null });
});

test('only the named number of batches counts, the newest first', async () => {
  const past = [...PAST.map((rows) => rows * 10), ...PAST, ...PAST];
  const newest = { ...LEVELS, arguments: { batches: 7 } };
  expect(await judge(newest, { rows: 1000, past })).toMatchObject({ verdict: 'pass', actual: 0 });
  expect(await judge(LEVELS, { rows: 1000, past })).toMatchObject({ verdict: 'fail' });
});

test('operators, onFail: warn and a median of no rows are judged too', async () => {
  const operator = { metric: 'rowCountChange', mustBeLessOrEqualTo: 20 };
  expect(await judge(operator, { rows: 79, past: PAST })).toMatchObject({ verdict: 'fail' });
  expect(await judge({ ...operator, onFail: 'warn' }, { rows: 79, past: PAST })).toMatchObject({ verdict: 'warn' });
  const none = PAST.map(() => 0);
  expect(await judge(operator, { rows: 0, past: none })).toMatchObject({ verdict: 'pass', actual: 0 });
  expect(await judge(operator, { rows: 1, past: none })).toMatchObject({ verdict: 'fail', actual: 100 });
});

test.each([
  [{ metric: 'rowCountChange' }, /expected a bound/],
  [{ ...LEVELS, unit: 'percent' }, /expected no unit/],
  [{ ...LEVELS, warn: 30 }, /warn at most fail/],
  [{ ...LEVELS, onFail: 'quarantine' }, /more than single rows/],
  [{ ...LEVELS, arguments: { batches: 6 } }, /7 or more/],
  [{ metric: 'rowCount', mustBe: 1, arguments: { batches: 7 } }, /only with metric: rowCountChange/],
])('%j is refused', (written, message) => {
  expect(tableCheckSchema.safeParse(written).error?.message).toMatch(message);
});
