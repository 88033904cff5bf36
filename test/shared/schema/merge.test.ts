import { expect, test } from 'vitest';
import { mergeSchema, widenType } from '../../../src/shared/schema/merge.js';
import { formatType, parseType } from '../../../src/shared/schema/typeText.js';

const WIDENS: readonly (readonly [dataset: string, observed: string, widened: string | undefined])[] = [
  ['INTEGER', 'INTEGER', 'INTEGER'],
  ['INTEGER', 'BIGINT', 'BIGINT'],
  ['BIGINT', 'INTEGER', 'BIGINT'],
  ['UINTEGER', 'INTEGER', 'BIGINT'],
  ['UTINYINT', 'USMALLINT', 'USMALLINT'],
  ['FLOAT', 'DOUBLE', 'DOUBLE'],
  ['DOUBLE', 'BIGINT', 'DOUBLE'],
  ['BIGINT', 'DOUBLE', undefined],
  ['DECIMAL(10,2)', 'DECIMAL(12,4)', 'DECIMAL(12,4)'],
  ['DECIMAL(10,2)', 'DECIMAL(10,4)', 'DECIMAL(12,4)'],
  ['DECIMAL(10,2)', 'BIGINT', 'DECIMAL(21,2)'],
  ['DECIMAL(38,0)', 'DECIMAL(38,10)', undefined],
  ['DECIMAL(10,2)', 'DOUBLE', undefined],
  ['DATE', 'TIMESTAMP', 'TIMESTAMP'],
  ['TIMESTAMP', 'DATE', 'TIMESTAMP'],
  ['TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP'],
  ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', undefined],
  ['TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'],
  ['BIGINT', 'VARCHAR', undefined],
  ['VARCHAR', 'BIGINT', undefined],
  ['VARCHAR', 'NULL', 'VARCHAR'],
  ['NULL', 'DATE', 'DATE'],
  ['INTEGER[]', 'BIGINT[]', 'BIGINT[]'],
  ['STRUCT(a INTEGER)', 'STRUCT(a BIGINT, "b c" VARCHAR)', 'STRUCT("a" BIGINT, "b c" VARCHAR)'],
  ['STRUCT(a INTEGER)', 'STRUCT(a VARCHAR)', undefined],
  ['MAP(VARCHAR, INTEGER)', 'MAP(VARCHAR, BIGINT)', 'MAP(VARCHAR, BIGINT)'],
];

test.each(WIDENS)('%s takes in %s as %s', (dataset, observed, widened) => {
  expect(widenType(dataset, observed)).toBe(widened);
});

test('a type keeps its text through reading and writing', () => {
  for (const type of [
    'STRUCT("p" INTEGER, "q x" STRUCT("z" VARCHAR)[])',
    'MAP(VARCHAR, DECIMAL(10,2)[])',
    "ENUM('a', 'B, (c)')",
    'TIMESTAMP WITH TIME ZONE',
    'INTEGER[3]',
  ]) {
    expect(formatType(parseType(type))).toBe(type);
  }
});

test('strict takes the very same columns and types, in any order', () => {
  const dataset = [
    { name: 'a', type: 'BIGINT' },
    { name: 'b', type: 'DATE' },
  ];
  const answer = (observed: readonly { name: string; type?: string }[]) => mergeSchema(dataset, observed, 'strict');
  expect(
    answer([
      { name: 'B', type: 'DATE' },
      { name: 'a', type: 'BIGINT' },
    ]),
  ).toEqual({ kind: 'fits', columns: dataset, changes: [] });
  expect(answer([{ name: 'a' }, { name: 'b' }])).toMatchObject({ kind: 'fits' });
  expect(answer([{ name: 'a', type: 'BIGINT' }])).toMatchObject({
    kind: 'break',
    code: 'COLUMN_MISMATCH',
    column: 'b',
  });
  expect(answer([...dataset, { name: 'c', type: 'DATE' }])).toMatchObject({ code: 'COLUMN_MISMATCH', column: 'c' });
  expect(answer([{ name: 'a' }, { name: 'b', type: 'TIMESTAMP' }])).toMatchObject({
    code: 'TYPE_CHANGED',
    reason: 'column b: expected DATE, got TIMESTAMP',
  });
});

test('widen tells each change once', () => {
  const answer = mergeSchema(
    [{ name: 'a', type: 'INTEGER' }],
    [
      { name: 'a', type: 'BIGINT' },
      { name: 'n', type: 'NULL' },
    ],
    'widen',
  );
  expect(answer).toEqual({
    kind: 'fits',
    columns: [
      { name: 'a', type: 'BIGINT' },
      { name: 'n', type: 'VARCHAR' },
    ],
    changes: [
      { column: 'a', from: 'INTEGER', to: 'BIGINT' },
      { column: 'n', to: 'VARCHAR' },
    ],
  });
});
