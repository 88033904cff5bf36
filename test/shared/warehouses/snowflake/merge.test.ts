import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Warehouse } from '../../../../src/shared/warehouses/port.js';
import { openSession } from '../../../../src/shared/warehouses/snowflake/client.js';
import { planTable } from '../../../../src/shared/warehouses/snowflake/planTable.js';
import { stagedColumns } from '../../../../src/shared/warehouses/snowflake/stagingNames.js';
import { keyRange, mergeRows } from '../../../../src/shared/warehouses/snowflake/sql/merge.js';
import { deleteBatches } from '../../../../src/shared/warehouses/snowflake/sql/replace.js';
import { createStaging } from '../../../../src/shared/warehouses/snowflake/sql/staging.js';
import type { Statement } from '../../../../src/shared/warehouses/snowflake/sql/statement.js';
import { laterBatch, testObject } from '../../../support/loadRequests.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { openOn, reach, startAccount } from '../../../support/snowflake/warehouse.js';

let standIn: StandIn;
let warehouse: Warehouse;
let run: (statement: Statement) => Promise<readonly (readonly (string | null)[])[]>;
beforeAll(async () => {
  const account = await startAccount();
  ({ standIn } = account);
  warehouse = openOn(account);
  const session = await openSession({ ...reach(standIn), connectMs: 30_000 });
  run = async (statement) => (await session.run(statement, { ms: 60_000, doing: 'the test' })).rows;
});
afterAll(async () => {
  await warehouse.close();
  await standIn.close();
});

const table = { database: 'RAW', schema: 'PUBLIC', name: 'PEOPLE' };
const columns = [
  { name: 'id', type: 'BIGINT' },
  { name: 'name', type: 'VARCHAR' },
  { name: 'at', type: 'TIMESTAMP' },
];
const staging = { database: 'RAW', schema: 'PUBLIC', name: 'STG' };
const digits = testObject('a').replaceAll('-', '').toUpperCase();

/** Merges rows of id, name and time. */
async function merge(rows: readonly (readonly [number, string, string | null])[]) {
  const plan = planTable(table, columns).columns;
  await run(createStaging(staging, stagedColumns(plan)));
  const values = rows.map(
    ([id, name, at], row) => `(${id}, '${name}', ${at === null ? 'NULL' : `'${at}'`}, '${digits}', ${row})`,
  );
  await run({ text: `INSERT INTO "RAW"."PUBLIC"."STG" VALUES ${values.join(', ')}` });
  const keys = { key: ['ID'], orderBy: ['AT'] };
  const batch = laterBatch();
  const staged = { staging, columns: plan, batch, skipped: [] };
  const [[least = null, greatest = null] = []] = await run(keyRange(staged, keys));
  const [counts] = await run(mergeRows(table, staged, { keys, range: [Number(least), Number(greatest)] }));
  return { counts, batch };
}

test('a merge keeps the newest row of each key, within the batch and against the table', async () => {
  for (const { text } of planTable(table, columns).ddl) await run({ text });
  const first = await merge([
    [1, 'old', '2024-01-01'],
    [1, 'new', '2024-01-02'],
    [2, 'only', null],
  ]);
  expect(first.counts).toEqual(['2', '0']);
  const second = await merge([
    [1, 'late', '2023-12-31'],
    [2, 'dated', '2024-01-01'],
    [3, 'more', '2024-01-01'],
  ]);
  expect(second.counts).toEqual(['1', '1']);
  const people = await run({ text: 'SELECT id, name, _SLUICE_OBJECT FROM people ORDER BY id' });
  expect(people).toEqual([
    ['1', 'new', testObject('a')],
    ['2', 'dated', testObject('a')],
    ['3', 'more', testObject('a')],
  ]);
  await run(deleteBatches(table, [second.batch]));
  expect(await run({ text: 'SELECT name FROM people' })).toEqual([['new']]);
});
