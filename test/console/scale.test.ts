import { describe, expect, it } from 'vitest';
import { decideScale } from '../../src/console/scale.js';

describe('decideScale', () => {
  it.each([
    ['no work', { waiting: 0, active: 0, overdue: 0 }, 0, 0],
    ['one job', { waiting: 1, active: 0, overdue: 0 }, 1, 1],
    ['more than one worker takes', { waiting: 3, active: 2, overdue: 0 }, 5, 3],
    ['overdue jobs that nobody promotes', { waiting: 0, active: 0, overdue: 4 }, 4, 2],
    ['work that only the ledger knows of', { waiting: 0, active: 0, overdue: 0 }, 9, 1],
  ])('with %s', (_name, counts, open, desired) => {
    expect(decideScale(counts, { open, concurrency: 2 })).toMatchObject({ ...counts, open, desired });
  });
});
