import { expect, test } from 'vitest';
import { acceptBreaks, diffSchemas, readBreak } from '../../../src/shared/schema/breaks.js';
import { mergeSchema } from '../../../src/shared/schema/merge.js';

const SCHEMA = [
  { name: 'id', type: 'BIGINT' },
  { name: 'day', type: 'DATE' },
];

test.each([
  ['TYPE_CHANGED', 'column id: expected BIGINT, got VARCHAR', { column: 'id', from: 'BIGINT', to: 'VARCHAR' }],
  [
    'TYPE_CHANGED',
    'column id: expected BIGINT, got VARCHAR in 2 rows, first in row 7',
    { column: 'id', from: 'BIGINT', to: 'VARCHAR' },
  ],
  [
    'TYPE_CHANGED',
    'column a, b: expected DECIMAL(10,2), got STRUCT(a INTEGER, b DATE)',
    { column: 'a, b', from: 'DECIMAL(10,2)', to: 'STRUCT(a INTEGER, b DATE)' },
  ],
  [
    'COLUMN_MISMATCH',
    'column note: expected no such column, got one of type VARCHAR',
    { column: 'note', to: 'VARCHAR' },
  ],
  [
    'COLUMN_MISMATCH',
    "column note: expected no such column, got one of type VARCHAR; the object has none of the dataset's columns",
    { column: 'note', to: 'VARCHAR' },
  ],
  ['COLUMN_MISMATCH', 'column id: expected the column, got none', undefined],
  ['COLUMN_MISMATCH', 'expected each column once, got id twice (upper and lower case are one)', undefined],
  ['OBJECT_CORRUPT', 'column id: expected BIGINT, got VARCHAR', undefined],
])('the reason of a quarantine tells the break: %s %s', (code, reason, expected) => {
  expect(readBreak(code, reason)).toEqual(expected);
});

test('what the comparison of schemas says of a break is read back', () => {
  const changed = mergeSchema(SCHEMA, [{ name: 'id', type: 'UUID' }], 'widen');
  const added = mergeSchema(SCHEMA, [...SCHEMA, { name: 'note', type: 'VARCHAR' }], 'strict');
  const read = [changed, added].map((one) => (one.kind === 'break' ? readBreak(one.code, one.reason) : 'fits'));
  expect(read).toEqual([
    { column: 'id', from: 'BIGINT', to: 'UUID' },
    { column: 'note', to: 'VARCHAR' },
  ]);
});

test('accepting takes the type that the objects have, and text where several have nothing in common', () => {
  const day = { column: 'day', from: 'DATE', to: 'BIGINT' };
  expect(acceptBreaks(SCHEMA, [day]).columns[1]).toEqual({ name: 'day', type: 'BIGINT' });
  expect(acceptBreaks(SCHEMA, [day, { ...day, to: 'UUID' }]).columns[1]).toEqual({ name: 'day', type: 'VARCHAR' });
  expect(acceptBreaks(SCHEMA, [day], new Map([['day', 'TIMESTAMP']])).columns[1]?.type).toBe('TIMESTAMP');
  expect(acceptBreaks(SCHEMA, [{ column: 'note', to: 'NULL' }]).changes).toEqual([{ column: 'note', to: 'VARCHAR' }]);
});

test('a break of an older version of the schema changes nothing', () => {
  expect(acceptBreaks(SCHEMA, [{ column: 'id', from: 'INTEGER', to: 'UUID' }])).toEqual({
    columns: SCHEMA,
    changes: [],
  });
});

test('two versions differ by columns that came, went and changed, whatever their case', () => {
  const after = [
    { name: 'ID', type: 'VARCHAR' },
    { name: 'note', type: 'VARCHAR' },
  ];
  expect(diffSchemas(SCHEMA, after)).toEqual([
    { column: 'ID', from: 'BIGINT', to: 'VARCHAR' },
    { column: 'note', to: 'VARCHAR' },
    { column: 'day', from: 'DATE' },
  ]);
});
