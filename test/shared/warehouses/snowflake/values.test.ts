import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { Warehouse } from '../../../../src/shared/warehouses/port.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { openOn, startAccount } from '../../../support/snowflake/warehouse.js';

let session: EngineSession;
let closeEngine: () => Promise<void>;
let standIn: StandIn;
let warehouse: Warehouse;
beforeAll(async () => {
  ({ session, close: closeEngine } = await openTestSession());
  const account = await startAccount();
  ({ standIn } = account);
  warehouse = openOn(account);
});
afterAll(async () => {
  await warehouse.close();
  await standIn.close();
  await closeEngine();
});

test('a value of each type, and NULL, comes out as it went in', { timeout: 180_000 }, async () => {
  const values: readonly (readonly [string, string, string | RegExp])[] = [
    ['BIGINT', '9007199254740993', '9007199254740993'],
    ['UBIGINT', '18446744073709551615', '18446744073709551615'],
    ['DECIMAL(38,4)', '1234567890123456789012345678901234.5678', '1234567890123456789012345678901234.5678'],
    ['DOUBLE', '0.1', /^0\.1/],
    ['BOOLEAN', 'true', 'true'],
    ['VARCHAR', `'żółć, it''s "q" \\ NULL'`, `żółć, it's "q" \\ NULL`],
    ['DATE', `'1969-12-31'`, /^1969-12-31/],
    ['TIME', `'23:59:59.999999'`, /^23:59:59/],
    ['TIMESTAMP', `'1969-12-31 23:59:59.999999'`, /^1969-12-31 23:59:59\.999999/],
    ['TIMESTAMP WITH TIME ZONE', `'2026-01-02 03:04:05+02'`, /^2026-01-02 01:04:05/],
    ['BLOB', `'\\x00\\xFF'::BLOB`, /^00ff$/i],
    ['UUID', `'${testObject('u')}'`, testObject('u')],
    ['JSON', `'{"a":[1,null]}'`, '{"a":[1,null]}'],
    ['INTEGER[]', '[1, 2]', '[1,2]'],
    ['STRUCT(a INTEGER)', '{a: 1}', '{"a":1}'],
  ];
  const list = (pick: (index: number) => string) => values.map((_, index) => `${pick(index)} AS c${index}`).join(', ');
  const own = (row: number) => `'${testObject('v')}'::UUID AS _sluice_object, ${row}::BIGINT AS _sluice_row`;
  const typed = (index: number, value: string) => `CAST(${value} AS ${values[index]![0]})`;
  const source = `(SELECT ${list((i) => typed(i, values[i]![1]))}, ${own(0)} UNION ALL SELECT ${list((i) => typed(i, 'NULL'))}, ${own(1)})`;
  const columns = values.map(([type], index) => ({ name: `c${index}`, type }));
  const objects = [{ object: testObject('v'), rows: 2 }];
  await warehouse.load(ordersLoad(session, {}, { table: 'kinds', source, columns, objects }));
  const { rows } = await warehouse.ask('SELECT * FROM kinds ORDER BY "_SLUICE_ROW"');
  for (const [index, [type, , expected]] of values.entries()) {
    const got = rows[0]?.[index];
    if (typeof expected === 'string') expect([type, got]).toEqual([type, expected]);
    else expect(got, type).toMatch(expected);
  }
  expect(rows[1]?.slice(0, values.length)).toEqual(values.map(() => null));
});
