import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../../../../src/shared/engine/port.js';
import type { Warehouse } from '../../../../src/shared/warehouses/port.js';
import { typeHead } from '../../../../src/shared/warehouses/postgres/types.js';
import { MAPPED_TYPES } from '../../../../src/shared/warehouses/snowflake/types.js';
import { ordersLoad, openTestSession, testObject } from '../../../support/loadRequests.js';
import type { StandIn } from '../../../support/snowflake/server.js';
import { openOn, startAccount, withArtifacts } from '../../../support/snowflake/warehouse.js';

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

test('a value of each type, and NULL, comes out as it went in', async () => {
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
    ['MAP(VARCHAR, INTEGER)', `MAP {'k': 1}`, '{"k":1}'],
    ['TINYINT', '-128', '-128'],
    ['UTINYINT', '255', '255'],
    ['SMALLINT', '-32768', '-32768'],
    ['USMALLINT', '65535', '65535'],
    ['INTEGER', '-2147483648', '-2147483648'],
    ['UINTEGER', '4294967295', '4294967295'],
    ['FLOAT', '0.5', '0.5'],
    [`ENUM('x', 'y')`, `'y'`, 'y'],
    ['TIMESTAMP_S', `'2026-01-02 03:04:05'`, /^2026-01-02 03:04:05/],
    ['TIMESTAMP_MS', `'2026-01-02 03:04:05.678'`, /^2026-01-02 03:04:05\.678/],
    ['TIMESTAMP_NS', `'2026-01-02 03:04:05.123456789'`, /^2026-01-02 03:04:05\.123456789/],
  ];
  // Those that the engine of the stand-in does not write into Parquet, or that hold nothing.
  const untried = ['UNION', 'VARIANT', 'NULL', 'LIST'];
  const tried = values.map(([type]) => typeHead(type));
  expect(MAPPED_TYPES.filter((type) => !tried.includes(type) && !untried.includes(type))).toEqual([]);
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

test('a table that stands is widened and gets the columns it lacks; its values stay', async () => {
  await warehouse.ask(
    `CREATE TABLE IF NOT EXISTS "RAW"."PUBLIC"."NARROW" ("ID" NUMBER(9,0), "AMOUNT" NUMBER(8,2), "KEPT" VARCHAR)`,
  );
  await warehouse.ask(`INSERT INTO "RAW"."PUBLIC"."NARROW" ("ID", "AMOUNT", "KEPT") SELECT 7, 1.25, 'kept'`);
  const columns = [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(20,2)' },
    { name: 'extra', type: 'DATE' },
  ];
  const source = `(SELECT 9007199254740993 AS id, 123456789012345678.25::DECIMAL(20,2) AS amount, DATE '2026-01-02' AS extra,
    '${testObject('n')}'::UUID AS _sluice_object, 0::BIGINT AS _sluice_row)`;
  const request = ordersLoad(
    session,
    {},
    { table: 'narrow', columns, source, objects: [{ object: testObject('n'), rows: 1 }] },
  );
  await warehouse.load(request);
  const { rows } = await warehouse.ask('SELECT id, amount, kept, extra FROM narrow ORDER BY id');
  expect(rows.map((row) => row.slice(0, 3))).toEqual([
    ['7', '1.25', 'kept'],
    ['9007199254740993', '123456789012345678.25', null],
  ]);
  const types = (await warehouse.ask('DESCRIBE TABLE "RAW"."PUBLIC"."NARROW"')).rows.map(
    ([name, type]) => `${name} ${type}`,
  );
  expect(types).toEqual(
    expect.arrayContaining(['ID NUMBER(38,0)', 'AMOUNT NUMBER(38,2)', 'KEPT VARCHAR(16777216)', 'EXTRA DATE']),
  );
});

test('more than a thousand files are copied by statements of at most a thousand, each file once', async () => {
  const account = await startAccount();
  const stage = { kind: 'external', integration: 'LAKE_S3', url: 's3://lake/' } as const;
  const one = await withArtifacts(ordersLoad(session, { f: 1 }), account.lake);
  const artifacts = await Promise.all(
    Array.from({ length: 1_001 }, async (_, index) => {
      const key = `curated/part-${index}.parquet`;
      await copyFile(one.artifacts[0]!.file, join(account.lake, key));
      return { ...one.artifacts[0]!, key };
    }),
  );
  const objects = [{ object: testObject('f'), rows: 1_001 }];
  const clustered = openOn(account, { stage, clusterBy: { orders: ['note', 'id'] } });
  expect(await clustered.load({ ...one, artifacts, objects })).toMatchObject({ kind: 'loaded', rows: 1_001 });
  const copies = account.standIn.statements.filter((text) => text.startsWith('COPY'));
  expect(copies.map((text) => text.match(/part-/g)?.length)).toEqual([1_000, 1]);
  expect(account.standIn.statements.join()).toContain('CLUSTER BY ("NOTE", "ID")');
  expect(account.standIn.statements.filter((text) => text.startsWith('PUT'))).toEqual([]);
  await account.standIn.close();
});
