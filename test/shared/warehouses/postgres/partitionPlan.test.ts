import { expect, test } from 'vitest';
import {
  createPartition,
  missingRanges,
  parseBounds,
  partitionName,
  rangeOf,
  rangesAhead,
} from '../../../../src/shared/warehouses/postgres/partitionPlan.js';

test('a span ends where the next one begins, through leap days and the turn of a year', () => {
  expect(rangeOf('2024-02-28', 'day')).toEqual({ from: '2024-02-28', to: '2024-02-29' });
  expect(rangeOf('2024-12-31', 'day')).toEqual({ from: '2024-12-31', to: '2025-01-01' });
  expect(rangeOf('2024-12-01', 'month')).toEqual({ from: '2024-12-01', to: '2025-01-01' });
  expect(rangeOf('1999-01-01', 'year')).toEqual({ from: '1999-01-01', to: '2000-01-01' });
  expect(rangeOf('0099-01-01', 'year')).toEqual({ from: '0099-01-01', to: '0100-01-01' });
});

test('partitions are made ahead: a week of days, three months, a year', () => {
  const now = Date.UTC(2024, 10, 30);
  expect(rangesAhead(now, 'day').map(({ from }) => from)).toEqual([
    '2024-11-30',
    '2024-12-01',
    '2024-12-02',
    '2024-12-03',
    '2024-12-04',
    '2024-12-05',
    '2024-12-06',
    '2024-12-07',
  ]);
  expect(rangesAhead(now, 'month').map(({ from }) => from)).toEqual([
    '2024-11-01',
    '2024-12-01',
    '2025-01-01',
    '2025-02-01',
  ]);
  expect(rangesAhead(now, 'year').map(({ from }) => from)).toEqual(['2024-01-01', '2025-01-01']);
});

test('only what no partition covers is missing, once', () => {
  const wanted = [rangeOf('2024-01-01', 'month'), rangeOf('2024-02-01', 'month'), rangeOf('2024-02-01', 'month')];
  expect(missingRanges(wanted, [rangeOf('2024-01-01', 'year')])).toEqual([]);
  expect(missingRanges(wanted, [rangeOf('2024-01-01', 'month')])).toEqual([{ from: '2024-02-01', to: '2024-03-01' }]);
});

test('the bounds that Postgres prints are read; DEFAULT and other bounds are none', () => {
  expect(parseBounds(`FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00')`)).toEqual({
    from: '2024-01-01',
    to: '2024-02-01',
  });
  expect(parseBounds(`FOR VALUES FROM (MINVALUE) TO ('2024-02-01')`)).toEqual({ from: '', to: '2024-02-01' });
  expect(parseBounds('DEFAULT')).toBeUndefined();
  expect(parseBounds(`FOR VALUES IN ('a')`)).toBeUndefined();
});

test('long names stay apart', () => {
  const range = rangeOf('2024-01-01', 'month');
  expect(partitionName('orders', range)).toBe('orders_p20240101');
  const long = `${'ż'.repeat(40)}`;
  const names = [rangeOf('2024-01-01', 'month'), rangeOf('2024-02-01', 'month')].map((one) => partitionName(long, one));
  expect(new Set(names).size).toBe(2);
  expect(names.map((name) => Buffer.byteLength(name) <= 63)).toEqual([true, true]);
});

test('a partition is made beside the table and attached', () => {
  expect(createPartition({ schema: 's', name: 't' }, rangeOf('2024-01-01', 'year'), '')).toEqual([
    'CREATE TABLE "s"."t_p20240101" (LIKE "s"."t" INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
    `ALTER TABLE "s"."t" ATTACH PARTITION "s"."t_p20240101" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
  ]);
});
