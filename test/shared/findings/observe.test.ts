import { expect, test } from 'vitest';
import { figuresOf, type Figure } from '../../../src/shared/findings/figures.js';
import { judgeClock, judgePoint } from '../../../src/shared/findings/observe.js';
import { newBatchId, type BatchId } from '../../../src/shared/ids.js';
import type { Anomaly, NewAnomaly, Point } from '../../../src/shared/ledger/port.js';

const NOW = Date.UTC(2026, 4, 20);
const DAY = 864e5;

function point(daysAgo: number, figures: readonly Figure[], rows = 1000): Point {
  const at = new Date(NOW - daysAgo * DAY);
  return { batch: newBatchId(at.getTime()), dataset: 'orders', at, rows, figures };
}

const rowCount = (value: number): Figure => ({ metric: 'rowCount', column: '', value });

/** Ten days of 1,000 rows, the newest first. */
const days = Array.from({ length: 10 }, (_, index) => point(index + 1, [rowCount(1000)]));

function asAnomaly({ batch }: Point, over: Partial<Anomaly> = {}): Anomaly {
  const data = { ...unusual(batch).data, score: 10 };
  return {
    id: '1',
    dataset: 'orders',
    metric: 'rowCount',
    column: '',
    subject: batch,
    at: new Date(NOW),
    ...over,
    data,
  };
}

function unusual(subject: BatchId): NewAnomaly {
  const data = { state: 'unusual', verdict: 'fail', value: 1, points: 9, method: 'mad', levelShift: false } as const;
  return { dataset: 'orders', metric: 'rowCount', column: '', subject, data };
}

const decided = (as: 'normal' | 'once') => ({ as, at: new Date(NOW), who: 'ann', why: '' });
const judge = (value: number, points: readonly Point[], anomalies: readonly Anomaly[] = []) =>
  judgePoint(point(0, [rowCount(value)]), { points, anomalies }, 'normal');

test('rows and bytes are those of a file on average, so packing does not matter', () => {
  const object = { object: newBatchId(1) as never, kind: 'included', rows: 5, sha256: '' } as const;
  const of = (count: number) => ({
    objects: Array.from({ length: count }, () => object),
    rows: { in: 5 * count, out: 5 * count },
    bytes: { in: 70 * count, out: 1 },
  });
  const expected = [rowCount(5), { metric: 'bytes', column: '', value: 70 }];
  expect(figuresOf(of(1), undefined)).toEqual(expected);
  expect(figuresOf(of(300), undefined)).toEqual(expected);
  expect(figuresOf({ ...of(0), objects: [] }, undefined)).toEqual([]);
});

test('a column gives its share of NULLs, its distinct values and its mean, each with its error of chance', () => {
  const object = { object: newBatchId(1) as never, kind: 'included', rows: 100, sha256: '' } as const;
  const column = { name: 'a.b', nulls: 10, nullFraction: 0.1, distinct: 80, distinctError: 0.02, mean: 5, stddev: 3 };
  const [, , ...figures] = figuresOf(
    { objects: [object], rows: { in: 100, out: 100 }, bytes: { in: 1, out: 1 } },
    { rows: 100, columns: [column, { name: 'big', nullFraction: 0, mean: '1e400' }] },
  );
  expect(figures).toEqual([
    { metric: 'nullFraction', column: 'a.b', value: 0.1, error: expect.closeTo(0.03) },
    { metric: 'distinct', column: 'a.b', value: 80, error: 1.6 },
    { metric: 'mean', column: 'a.b', value: 5, error: 3 / Math.sqrt(90) },
    { metric: 'nullFraction', column: 'big', value: 0, error: 0 },
  ]);
});

test('a batch is compared with those before it and never with itself', () => {
  expect(judge(1000, days)).toEqual([]);
  const changed = point(0, [rowCount(2000)]);
  const [anomaly] = judgePoint(changed, { points: [changed, ...days], anomalies: [] }, 'normal');
  expect(anomaly).toMatchObject({ metric: 'rowCount', subject: changed.batch, data: { points: 10, centre: 1000 } });
});

test('what was unusual and not accepted does not become usual by itself', () => {
  const bad = Array.from({ length: 8 }, (_, index) => point(0.5 + index / 100, [rowCount(2000)]));
  const anomalies = bad.map((one) => asAnomaly(one));
  expect(judge(2000, [...bad, ...days], anomalies)).toMatchObject([{ data: { points: 10, levelShift: true } }]);
  expect(judge(1000, [...bad, ...days], anomalies)).toEqual([]);
});

test('accepted as the new normal, what was before no longer counts; accepted once, the normal stays', () => {
  const peak = point(0.5, [rowCount(2000)]);
  const points = [peak, ...days];
  expect(judge(2000, points, [asAnomaly(peak, { decided: decided('normal') })])).toEqual([]);
  expect(judge(30_000, points, [asAnomaly(peak, { decided: decided('normal') })])).toMatchObject([
    { data: { method: 'tenfold', centre: 2000, points: 1 } },
  ]);
  expect(judge(2000, points, [asAnomaly(peak, { decided: decided('once') })])).toMatchObject([
    { data: { centre: 1000, points: 10 } },
  ]);
});

test('distinct values are compared among batches of about as many rows', () => {
  const distinct = (value: number): Figure => ({ metric: 'distinct', column: 'id', value });
  const small = Array.from({ length: 10 }, (_, index) => point(index + 1, [distinct(100)], 100));
  const big = Array.from({ length: 10 }, (_, index) => point(index + 20, [distinct(10_000)], 10_000));
  const ask = (value: number, rows: number) =>
    judgePoint(point(0, [distinct(value)], rows), { points: [...small, ...big], anomalies: [] }, 'normal');
  expect(ask(100, 100)).toEqual([]);
  expect(ask(10_000, 10_000)).toEqual([]);
  expect(ask(100, 10_000)).toHaveLength(1);
  expect(ask(1, 1_000_000)).toEqual([]);
});

test('two thousand columns are judged in a moment', () => {
  const wide = (daysAgo: number, value: number) =>
    point(
      daysAgo,
      Array.from({ length: 6000 }, (_, at) => ({ metric: 'mean', column: `c${at}`, value })),
    );
  const history = Array.from({ length: 60 }, (_, index) => wide(index + 1, 10));
  expect(judgePoint(wide(0, 90), { points: history, anomalies: [] }, 'normal')).toHaveLength(6000);
});

const clockDays = Array.from({ length: 20 }, (_, index) => ({
  day: new Date(NOW - (20 - index) * DAY).toISOString().slice(0, 10),
  objects: 24,
  longestGapMs: 3600e3,
}));
const clock = {
  dataset: 'orders',
  days: clockDays,
  today: new Date(NOW).toISOString().slice(0, 10),
  quietMs: 1800e3,
  lastDay: new Date(NOW).toISOString().slice(0, 10),
  anomalies: [],
  sensitivity: 'normal',
} as const;

test('nothing for half a day where something comes each hour is unusual, once a gap', () => {
  expect(judgeClock(clock)).toEqual([]);
  const [anomaly] = judgeClock({ ...clock, quietMs: 12 * 3600e3 });
  expect(anomaly).toMatchObject({ metric: 'freshness', subject: clock.lastDay, data: { value: 43_200, centre: 3600 } });
  const known = { ...anomaly!, id: '1', at: new Date(NOW) };
  expect(judgeClock({ ...clock, quietMs: 13 * 3600e3, anomalies: [known] })).toEqual([]);
});

test('a day with no arrivals, or with many times as many, is unusual; six days are too few to say', () => {
  const last = clockDays.at(-1)!;
  for (const objects of [0, 300]) {
    const days = [...clockDays.slice(0, -1), { day: last.day, objects }];
    expect(judgeClock({ ...clock, days })).toMatchObject([{ metric: 'arrivalRate', subject: last.day, column: '' }]);
    expect(judgeClock({ ...clock, days: days.slice(-7) })).toEqual([]);
  }
});
