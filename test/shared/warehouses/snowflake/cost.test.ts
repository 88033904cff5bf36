import { expect, test } from 'vitest';
import { estimateLoad, estimateLoads, judgeBudget } from '../../../../src/shared/warehouses/snowflake/cost.js';

test('a pipe is cheaper for little now and then, a warehouse that is awake for much', () => {
  const [cheapest, other] = estimateLoad({ bytes: 1e9 });
  expect(cheapest).toMatchObject({ way: 'snowpipe', credits: 0.0037 });
  expect(other?.credits).toBeCloseTo(85 / 3600);
  const [much] = estimateLoad({ bytes: 100e9, sinceLastS: 1001, bytesASecond: 100e6 });
  expect(much).toMatchObject({ way: 'copy' });
  expect(much?.credits).toBeCloseTo(1001 / 3600);
});

test('a sleeping warehouse costs a minute however small the load, and the minute that it then waits', () => {
  const copy = (bytes: number, sinceLastS?: number) =>
    estimateLoad({ bytes, sinceLastS }).find(({ way }) => way === 'copy')?.credits;
  expect(copy(1)).toBeCloseTo(60 / 3600);
  expect(copy(2.4e9)).toBeCloseTo(120 / 3600);
  expect(copy(1, 59)).toBeCloseTo(59 / 3600);
  expect(copy(1, 61)).toBeCloseTo(60 / 3600);
});

test('the seconds of loads that follow each other add up to those that the warehouse is awake', () => {
  const at = (second: number, bytes = 400e6, target = 'snow') => ({
    target,
    bytes,
    committedAt: new Date(second * 1000),
  });
  const loads = [at(1030, 400e6, 'pg'), at(1000), at(50), at(10), at(1030, 400e6, 'piped')];
  const costs = estimateLoads(loads, ({ target }) =>
    target === 'pg' ? undefined : target === 'piped' ? 'snowpipe' : 'copy',
  );
  const seconds = costs.map((cost) => cost && Math.round(cost.expectedCredits * 3600));
  // 10 s of work each: awake from 0 to 110, and from 990 to 1060.
  expect(seconds).toEqual([undefined, 70, 40, 70, Math.round(0.4 * 0.0037 * 3600)]);
  expect(costs[1]).toMatchObject({ way: 'copy', cheaperWay: 'snowpipe', cheaperCredits: 0.4 * 0.0037 });
  expect(costs[4]).toMatchObject({ way: 'snowpipe', cheaperWay: 'snowpipe' });
});

test.each([
  [79, 'within'],
  [80, 'near'],
  [100, 'near'],
  [101, 'over'],
])('%i of 100 credits are %s the budget', (credits, kind) => expect(judgeBudget(credits, 100).kind).toBe(kind));
