import { describe, expect, it } from 'vitest';
import { nameColumns, parseTableName, tableKey } from '../../../../src/shared/warehouses/postgres/identifiers.js';

const none = new Set<string>();

describe('nameColumns', () => {
  it('folds A-Z to lower case, and nothing else', () => {
    expect(nameColumns(['OrderId', 'select', 'Größe', 'ÄB', 'a b'], none)).toEqual([
      'orderid',
      'select',
      'größe',
      'Äb',
      'a b',
    ]);
  });
  it('keeps the spelling of columns that would share a name', () => {
    expect(nameColumns(['ID', 'id', 'Other'], none)).toEqual(['ID', 'id', 'other']);
  });
  it('takes the column that the table has in the delivered spelling', () => {
    expect(nameColumns(['OrderId', 'Note'], new Set(['OrderId', 'note']))).toEqual(['OrderId', 'note']);
  });
  it('cuts a long name to 63 bytes, keeps whole characters and tells long names apart', () => {
    const names = nameColumns(['x'.repeat(63), `${'ä'.repeat(40)}1`, `${'ä'.repeat(40)}2`], none);
    expect(names[0]).toBe('x'.repeat(63));
    expect(names.map((name) => Buffer.byteLength(name)).every((bytes) => bytes <= 63)).toBe(true);
    expect(new Set(names).size).toBe(3);
    expect(names[1]).toMatch(/^ä{27}_[0-9a-f]{8}$/);
  });
  it('moves a column away from the names that Postgres keeps for itself', () => {
    expect(nameColumns(['ctid', 'XMIN'], none)).toEqual(['ctid_', 'xmin_']);
  });
  it.each([['_sluice_object'], ['_SLUICE_batch'], ['']])('refuses the column name %j', (name) => {
    expect(() => nameColumns([name], none)).toThrow(expect.objectContaining({ code: 'TARGET_MISMATCH' }));
  });
  it('refuses a name that is twice the same', () => {
    expect(() => nameColumns(['a', 'a'], none)).toThrow(/"a" twice/);
  });
});

describe('parseTableName', () => {
  it.each([
    ['orders', 'analytics', 'orders', 'analytics.orders'],
    ['Sales.Orders', 'sales', 'orders', 'sales.orders'],
    ['"Sales"."My.Orders"', 'Sales', 'My.Orders', '"Sales"."My.Orders"'],
  ])('reads %s', (text, schema, name, key) => {
    const table = parseTableName(text, 'Analytics');
    expect(table).toEqual({ schema, name });
    expect(tableKey(table)).toBe(key);
  });
  it.each(['', 'a.b.c', '.a', 'a.', '"a'])('refuses %j', (text) => {
    expect(() => parseTableName(text, 'public')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
