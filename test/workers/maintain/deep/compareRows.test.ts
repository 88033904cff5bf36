import { afterEach, expect, test } from 'vitest';
import { compareRows } from '../../../../src/workers/maintain/deep/compareRows.js';
import { DUCKDB } from '../../../../src/workers/maintain/deep/sql.js';
import { openPlainSession } from '../../../support/plainSession.js';

let session: Awaited<ReturnType<typeof openPlainSession>>;

afterEach(() => session.close());

const ROWS = "(SELECT 'o' AS _sluice_object, i AS _sluice_row, 'v' || i AS t FROM range(100) AS r(i)) AS x";

test('a row that only changed its number is missing there and extra here, in whichever bucket the two numbers fall', async () => {
  session = await openPlainSession();
  const side = (rows: string) => ({
    rows,
    fields: ['t'],
    dialect: DUCKDB,
    ask: async (sql: string) =>
      (await session.query(sql)).map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
      ),
  });
  for (let place = 1000; place < 1064; place += 1) {
    const moved = `(SELECT _sluice_object, CASE _sluice_row WHEN 13 THEN ${place} ELSE _sluice_row END AS _sluice_row, t FROM ${ROWS}) AS y`;
    const request = { source: side(ROWS), target: side(moved), names: ['t'], rows: 100, isComplete: true, limit: 50 };
    expect(await compareRows(request)).toEqual([
      { object: 'o', row: '13', kind: 'missing' },
      { object: 'o', row: String(place), kind: 'extra' },
    ]);
  }
});
