import { expect, test } from 'vitest';
import { SluiceError } from '../../src/shared/errors.js';
import { backoffDelayMs, isOver, MAX_FAILURES } from '../../src/workers/backoff.js';

test('the time to the next try doubles up to a minute', () => {
  expect([0, 1, 5, 6, 500].map(backoffDelayMs)).toEqual([1000, 2000, 32_000, 60_000, 60_000]);
});

test('a service that is away and a busy table are waited for, for ever', () => {
  for (const code of ['TARGET_AWAY', 'STORE_AWAY', 'STORE_DENIED', 'LEDGER_AWAY', 'TARGET_BUSY'] as const) {
    expect(isOver(new SluiceError(code, ''), 10_000)).toBe(false);
  }
});

test('what another try may heal is tried so often, what none heals never again', () => {
  expect(isOver(new SluiceError('ENGINE_DIED', ''), MAX_FAILURES - 2)).toBe(false);
  expect(isOver(new SluiceError('ENGINE_DIED', ''), MAX_FAILURES - 1)).toBe(true);
  expect(isOver(new SluiceError('TARGET_MISMATCH', ''), 0)).toBe(true);
});

test('what needs too much memory or time is tried three times', () => {
  for (const code of ['ENGINE_MEMORY', 'ENGINE_TIMEOUT'] as const)
    expect([0, 1, 2].map((before) => isOver(new SluiceError(code, ''), before))).toEqual([false, false, true]);
});
