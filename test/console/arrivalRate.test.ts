import { expect, it } from 'vitest';
import { openArrivalRate } from '../../src/console/arrivalRate.js';
import { OPEN_COST_BYTES } from '../../src/console/scale.js';

it('tells how fast objects arrived in the last five minutes, and begins anew when a month is dropped', async () => {
  let [now, objects] = [0, 1000];
  const state = 'loaded' as const;
  const counts = async () => [{ dataset: 'orders', state, objects, bytes: objects * 1000 }];
  const rate = openArrivalRate({ counts }, () => now);
  const after = async (seconds: number, more: number) => {
    [now, objects] = [now + seconds * 1000, objects + more];
    return await rate();
  };
  const weight = 1000 + OPEN_COST_BYTES;
  expect(await rate()).toBe(0);
  expect(await after(30, 30)).toBe(0);
  expect(await after(30, 30)).toBeCloseTo(weight);
  for (let minute = 0; minute < 10; minute++) await after(60, 120);
  expect(await after(60, 120)).toBeCloseTo(2 * weight);
  expect(await after(60, -1500)).toBe(0);
  expect(await after(60, 180)).toBeCloseTo(3 * weight);
});
