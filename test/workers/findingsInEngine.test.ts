import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkSource } from '../../src/shared/checks/checkSource.js';
import { profileSource } from '../../src/workers/profile/profileSource.js';
import { skewColumns } from '../../src/shared/skew/skewColumns.js';
import { describeSource } from '../support/describeSource.js';
import { openEngineSession } from '../support/engineSession.js';
import { FLIGHTS_FILE } from '../support/flights.js';

let session: Awaited<ReturnType<typeof openEngineSession>>;
let source: string;
beforeAll(async () => {
  session = await openEngineSession();
  const file = join(session.scratch, 'flights.parquet');
  await copyFile(FLIGHTS_FILE, file);
  source = `read_parquet(['${file}'])`;
});
afterAll(() => session.close());

it('profiles, measures skew and checks three million flights in the confined engine', async () => {
  const columns = await describeSource(session, source);
  const profile = await profileSource({ session, source, columns });
  expect(profile.columns.map(({ min }) => min)).toEqual(['2001-01-01 00:01:00', -1116, 21, 'ABE', 'ABE']);
  expect(profile.columns[3]).toMatchObject({
    distinct: 229,
    top: expect.arrayContaining([{ value: 'ORD', rows: 166_341 }]),
  });
  const skewed = await skewColumns({ session, source, profile });
  expect(skewed.map(({ key, hotKeys }) => [...key, hotKeys[0]?.key])).toEqual([
    ['origin', 'ORD'],
    ['destination', 'ORD'],
  ]);
  const report = await checkSource({
    session,
    source,
    columns,
    checks: {
      origin: { checks: ['required', { pattern: '^[A-Z]{3}$' }] },
      delay: { checks: [{ range: { min: -60 }, unit: 'percent', warn: 0, fail: 1 }] },
    },
    tableChecks: [
      { metric: 'rowCount', mustBe: 3_000_000 },
      { expr: 'origin <> destination', onFail: 'warn' },
    ],
  });
  const [{ bad, same } = { bad: 0, same: 0 }] = await session.query(
    `SELECT count(*) FILTER (delay < -60) AS bad, count(*) FILTER (origin = destination) AS same FROM ${source}`,
  );
  expect(report.checks.map(({ name, verdict, failingRows }) => [name, verdict, failingRows])).toEqual([
    ['origin.required', 'pass', 0],
    ['origin.pattern', 'pass', 0],
    ['delay.range', 'warn', Number(bad)],
    ['rowCount', 'pass', undefined],
    ['expr(origin <> destination)', Number(same) > 0 ? 'warn' : 'pass', Number(same)],
  ]);
  expect(report).toMatchObject({ verdict: 'warn', hold: false });
});
