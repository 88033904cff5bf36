import { expect, test } from 'vitest';
import { acceptBreaks } from '../../../src/shared/schema/breaks.js';
import { keptType } from '../../../src/shared/schema/keptType.js';

test.each([
  ['BIGINT', 'BIGINT'],
  ['DECIMAL(10,2)', 'DECIMAL(10,2)'],
  ['TIMESTAMP_NS', 'TIMESTAMP_NS'],
  ['STRUCT(a INTEGER)', 'STRUCT(a INTEGER)'],
  ['HUGEINT', 'DECIMAL(38,0)'],
  ['UHUGEINT', 'DECIMAL(38,0)'],
  ['BIT', 'VARCHAR'],
  ['BIGNUM', 'VARCHAR'],
  ['TIME WITH TIME ZONE', 'VARCHAR'],
  ['INTEGER[2]', 'INTEGER[]'],
  ['HUGEINT[3][]', 'DECIMAL(38,0)[][]'],
  ['MAP(VARCHAR, HUGEINT)', 'MAP(VARCHAR, DECIMAL(38,0))'],
  ['STRUCT(a HUGEINT, "b c" BIT)', 'STRUCT("a" DECIMAL(38,0), "b c" VARCHAR)'],
  ['INTERVAL', 'INTERVAL'],
  ['INTERVAL[]', undefined],
  ['STRUCT(a INTERVAL)', undefined],
  ['UNION(a INTEGER)', undefined],
  ['UNION(a INTEGER)[]', undefined],
  ['STRUCT(a UNION(b INTEGER))', undefined],
])('Parquet keeps %s as %s', (type, kept) => {
  expect(keptType(type)).toBe(kept);
});

test('a type that is chosen for a break becomes the one that Parquet keeps', () => {
  const broken = { column: 'id', from: 'BIGINT', to: 'VARCHAR' };
  const { columns } = acceptBreaks([{ name: 'id', type: 'BIGINT' }], [broken], new Map([['id', 'HUGEINT']]));
  expect(columns).toEqual([{ name: 'id', type: 'DECIMAL(38,0)' }]);
});
