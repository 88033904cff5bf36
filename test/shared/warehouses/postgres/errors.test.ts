import { describe, expect, it } from 'vitest';
import { targetError } from '../../../../src/shared/warehouses/postgres/errors.js';

describe('an error of the target', () => {
  it.each([
    ['08006', 'TARGET_AWAY'],
    ['08P01', 'INTERNAL'],
    ['22P03', 'INTERNAL'],
    ['40P01', 'TARGET_BUSY'],
  ])('of SQLSTATE %s is %s', (code, expected) => {
    expect(targetError(Object.assign(new Error('no'), { code }), 'the load').code).toBe(expected);
  });
});
