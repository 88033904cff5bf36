import { expect, test } from 'vitest';
import { replaceDueAtMs } from '../../../src/workers/plan/planReplace.js';

const at = (...times: number[]) => times.map((time) => ({ arrivedAt: new Date(time) }));

test('a folder is taken when nothing came for maxWait', () => {
  expect(replaceDueAtMs(at(1000), { maxWaitMs: 500 })).toBe(1500);
  expect(replaceDueAtMs(at(1000, 1400, 1200), { maxWaitMs: 500 })).toBe(1900);
});

test('files that come without end wait for ten times maxWait at most', () => {
  const steady = at(...Array.from({ length: 100 }, (_, index) => 1000 + index * 100));
  expect(replaceDueAtMs(steady, { maxWaitMs: 500 })).toBe(6000);
});

test('where nothing waits nothing is due', () => {
  expect(replaceDueAtMs([], { maxWaitMs: 500 })).toBeUndefined();
});
