import { describe, expect, it, test } from 'vitest';
import {
  nameColumns,
  parseTableName,
  quoteTable,
  tableKey,
} from '../../../../src/shared/warehouses/snowflake/identifiers.js';
import { planTable } from '../../../../src/shared/warehouses/snowflake/planTable.js';
import { createdType, fitsInto, widens } from '../../../../src/shared/warehouses/snowflake/types.js';

const home = { database: 'RAW', schema: 'PUBLIC' };
const orders = parseTableName('orders', home);

describe('names', () => {
  test.each([
    ['orders', '"RAW"."PUBLIC"."ORDERS"', 'PUBLIC.ORDERS'],
    ['sales.orders', '"RAW"."SALES"."ORDERS"', 'SALES.ORDERS'],
    ['"Sales"."or""ders"', '"RAW"."Sales"."or""ders"', '"Sales"."or""ders"'],
  ])('%s is %s', (text, quoted, key) => {
    const table = parseTableName(text, home);
    expect([quoteTable(table), tableKey(table)]).toEqual([quoted, key]);
  });

  it('folds columns to upper case unless two would be one, or the table spells one so', () => {
    expect(nameColumns(['orderId', 'a', 'A'], new Set())).toEqual(['ORDERID', 'a', 'A']);
    expect(nameColumns(['orderId'], new Set(['orderId']))).toEqual(['orderId']);
    expect(() => nameColumns(['_Sluice_x'], new Set())).toThrow(/_sluice_/);
  });
});

describe('types', () => {
  test.each(['HUGEINT', 'INTERVAL', 'BIT', 'TIME WITH TIME ZONE'])('%s has no type that holds every value', (type) =>
    expect(createdType(type)).toBeUndefined(),
  );

  test.each([
    ['BIGINT', 'NUMBER(19,0)', true],
    ['BIGINT', 'NUMBER(18,0)', false],
    ['BIGINT', 'NUMBER(38,20)', false],
    ['INTEGER', 'FLOAT', true],
    ['BIGINT', 'FLOAT', false],
    ['DECIMAL(10,2)', 'NUMBER(12,4)', true],
    ['DECIMAL(10,2)', 'NUMBER(10,1)', false],
    ['VARCHAR', 'VARCHAR(10)', true],
    ['UUID', 'VARCHAR(16777216)', true],
    ['TIMESTAMP', 'TIMESTAMP_NTZ(3)', false],
    ['TIMESTAMP', 'TIMESTAMP_NTZ(6)', true],
    ['TIMESTAMP_NS', 'TIMESTAMP_NTZ(6)', false],
    ['TIMESTAMP', 'TIMESTAMP_LTZ(9)', false],
    ['TIMESTAMP WITH TIME ZONE', 'TIMESTAMP_TZ(9)', true],
    ['DATE', 'TIMESTAMP_NTZ(9)', true],
    ['INTEGER[]', 'VARIANT', true],
    ['JSON', 'VARCHAR(16777216)', false],
  ])('%s into %s: %s', (duck, snowflake, fits) => expect(fitsInto(duck, snowflake)).toBe(fits));

  it('lengthens numbers of the same scale and nothing else', () => {
    expect(widens('NUMBER(10,2)', 'NUMBER(38,2)')).toBe(true);
    expect(widens('NUMBER(10,1)', 'NUMBER(38,2)')).toBe(false);
    expect(widens('VARCHAR(10)', 'VARCHAR')).toBe(false);
  });
});

describe('a plan of a table', () => {
  const columns = [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(12,2)' },
  ];

  it('creates, adds and lengthens, and leaves a table that fits alone', () => {
    expect(planTable(orders, columns, { clusterBy: ['id'] }).ddl[0]?.text).toMatch(
      /^CREATE TABLE .* CLUSTER BY \("ID"\)$/,
    );
    const existing = [
      { name: 'AMOUNT', type: 'NUMBER(10,2)' },
      { name: 'OTHER', type: 'VARCHAR(10)' },
    ];
    const texts = planTable(orders, columns, { existing }).ddl.map(({ text }) =>
      text.replace('ALTER TABLE "RAW"."PUBLIC"."ORDERS" ', ''),
    );
    expect(texts).toContain('ADD COLUMN IF NOT EXISTS "ID" NUMBER(38,0)');
    expect(texts).toContain('ALTER COLUMN "AMOUNT" SET DATA TYPE NUMBER(38,2)');
    const whole =
      planTable(orders, columns).ddl[0]?.text.match(/"(\w+)" ([A-Z_]+(?:\(\d+(?:,\d+)?\))?)(?=[,)])/g) ?? [];
    const standing = whole.map((one) => ({ name: one.split('"')[1] ?? '', type: one.split('" ')[1] ?? '' }));
    expect(planTable(orders, columns, { existing: standing }).ddl).toEqual([]);
  });

  it('names every column that does not fit, and cluster columns that are none', () => {
    const existing = [
      { name: 'ID', type: 'DATE' },
      { name: 'AMOUNT', type: 'BOOLEAN' },
    ];
    expect(() => planTable(orders, columns, { existing })).toThrow(/"ID".*"AMOUNT"/s);
    expect(() => planTable(orders, columns, { clusterBy: ['x'] })).toThrow(/clusterBy/);
  });
});
