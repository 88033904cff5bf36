import { expect, test } from 'vitest';
import { estimateLoad, judgeBudget } from '../../../../src/shared/warehouses/snowflake/cost.js';

test('a pipe is cheaper for little now and then, a warehouse that is awake for much', () => {
  const [cheapest, other] = estimateLoad({ bytes: 1e9 });
  expect(cheapest).toMatchObject({ way: 'snowpipe', credits: 0.0037 });
  expect(other?.credits).toBeCloseTo(60 / 3600);
  const [much] = estimateLoad({ bytes: 100e9, shareAwake: 1, bytesASecond: 100e6 });
  expect(much).toMatchObject({ way: 'copy' });
  expect(much?.credits).toBeCloseTo(1000 / 3600);
});

test('a sleeping warehouse costs a minute however small the load', () => {
  const copy = (bytes: number) => estimateLoad({ bytes }).find(({ way }) => way === 'copy')?.credits;
  expect(copy(1)).toBe(copy(2e9));
  expect(copy(4.8e9)).toBeCloseTo(120 / 3600);
});

test.each([
  [79, 'within'],
  [80, 'near'],
  [100, 'near'],
  [101, 'over'],
])('%i of 100 credits are %s the budget', (credits, kind) => expect(judgeBudget(credits, 100).kind).toBe(kind));
