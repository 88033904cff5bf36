import { expect, test } from 'vitest';
import { type ErrorCode, SluiceError } from '../../src/shared/errors.js';
import { endOf } from '../../src/workers/lineage.js';

const ended = (code: ErrorCode, reason?: SluiceError) => {
  const stopping = new AbortController();
  if (reason !== undefined) stopping.abort(reason);
  return endOf(new SluiceError(code, 'what happened'), stopping).kind;
};

test.each([
  ['REFERENCE_AWAITED', 'ABORT'],
  ['LEASE_LOST', 'ABORT'],
  ['HANDED_BACK', 'ABORT'],
  ['ENGINE_QUERY', 'FAIL'],
  ['COUNT_MISMATCH', 'FAIL'],
] as const)('a run that ends in %s is told as %s', (code, kind) => {
  expect(ended(code)).toBe(kind);
});

test('what a shutdown interrupts is aborted, what outlives its deadline has failed', () => {
  expect(ended('ENGINE_DIED', new SluiceError('HANDED_BACK', 'shutting down'))).toBe('ABORT');
  expect(ended('ENGINE_DIED', new SluiceError('JOB_DEADLINE', 'too long'))).toBe('FAIL');
});
