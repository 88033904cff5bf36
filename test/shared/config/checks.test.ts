import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { durationMs } from '../../../src/shared/config/checkFields.js';
import { columnCheckSchema, tableCheckSchema } from '../../../src/shared/config/checks.js';

function faults(schema: z.ZodType, value: unknown): string[] {
  const read = schema.safeParse(value);
  return read.success ? [] : read.error.issues.map((issue) => [...issue.path, issue.message].join(' '));
}

describe('the checks of the configuration', () => {
  it.each([
    'required',
    'unique',
    { required: true, onFail: 'warn' },
    { acceptedValues: ['new', 'paid', 3, true] },
    { range: { min: 0 } },
    { range: { min: '2024-01-01', max: '2024-12-31' } },
    { length: { max: 20 } },
    { pattern: '^[a-z]+$', unit: 'percent', warn: 1, fail: 5 },
    { expr: 'amount >= 0', name: 'no refunds' },
    { metric: 'nullValues', unit: 'percent', warn: 1, fail: 5 },
    { metric: 'nullValues', mustBe: 0 },
    { metric: 'missingValues', arguments: { missingValues: ['', 'N/A', null] }, mustBeLessThan: 5, unit: 'percent' },
    { metric: 'invalidValues', arguments: { validValues: ['a'] }, mustBeBetween: [0, 10] },
  ])('accept %j on a column', (check) => {
    expect(columnCheckSchema.parse(check)).toEqual(check);
  });

  it.each([
    { metric: 'rowCount', mustBeBetween: [1, 5_000_000] },
    { metric: 'freshness', column: 'ordered_at', warn: '24h' },
    { metric: 'freshness', column: 'ordered_at', mustBeLessThan: '2h' },
    { metric: 'duplicateValues', arguments: { properties: ['a', 'b'] }, mustBe: 0 },
    { unique: ['order_id', 'line'] },
    { expr: 'shipped_at >= ordered_at' },
  ])('accept %j on a table', (check) => {
    expect(tableCheckSchema.parse(check)).toEqual(check);
  });

  it.each([
    ['requird', ['expected required, unique or a mapping such as { range: { min: 0 } }, got "requird"']],
    [5, ['expected required, unique or a mapping such as { range: { min: 0 } }, got 5']],
    [
      { rnge: { min: 0 } },
      [
        'expected no key ["rnge"] here',
        'expected exactly one of required, unique, acceptedValues, range, length, pattern, format, castable, references, expr, metric, got none',
      ],
    ],
    [
      {},
      [
        'expected exactly one of required, unique, acceptedValues, range, length, pattern, format, castable, references, expr, metric, got none',
      ],
    ],
    [
      { required: true, unique: true },
      [
        'expected exactly one of required, unique, acceptedValues, range, length, pattern, format, castable, references, expr, metric, got required and unique',
      ],
    ],
    [{ range: {} }, ['range expected min, max or both, got neither']],
    [{ range: { min: 5, max: 1 } }, ['range expected min at most max, got them the other way round']],
    [{ range: { min: true } }, ['range.min: expected a number or text, got true']],
    [{ acceptedValues: [] }, ['acceptedValues expected at least one value, got []']],
    [
      { metric: 'nullValue', mustBe: 0 },
      ['metric: expected one of nullValues, missingValues, invalidValues, duplicateValues, got "nullValue"'],
    ],
    [{ metric: 'nullValues' }, ['expected a bound beside metric: nullValues (mustBe..., or warn and fail), got none']],
    [{ metric: 'nullValues', mustBe: 0, mustNotBe: 1 }, ['expected one operator, got mustBe and mustNotBe']],
    [{ metric: 'nullValues', mustBe: 0, warn: 1 }, ['expected an operator or warn and fail, got mustBe and warn']],
    [{ metric: 'nullValues', unit: 'percent', fail: 101 }, ['fail expected 0 to 100, got 101']],
    [{ metric: 'nullValues', warn: 5, fail: 1 }, ['warn expected warn at most fail, got them the other way round']],
    [{ metric: 'nullValues', mustBeBetween: [9, 1] }, ['mustBeBetween expected the lower end first']],
    [{ metric: 'nullValues', fail: '24h' }, ['fail expected a number, got "24h"']],
    [
      { metric: 'invalidValues', mustBe: 0 },
      ['arguments expected validValues or pattern for invalidValues, got neither'],
    ],
    [{ expr: 'a > 0', mustBe: 0 }, ['mustBe expected mustBe... only beside metric or query']],
    [
      { unique: true, onFail: 'quarantine' },
      ['onFail expected hold or warn for a check that judges more than single rows, got quarantine'],
    ],
    [{ expr: 'a > 0', onFail: 'block' }, ['onFail: expected hold, warn or quarantine, got "block"']],
  ])('name the fault of %j on a column', (check, expectedFaults) => {
    expect(faults(columnCheckSchema, check)).toEqual(expectedFaults);
  });

  it.each([
    [{ metric: 'freshness', warn: '24h' }, ['column expected the column that freshness is measured of, got nothing']],
    [{ metric: 'freshness', column: 'a', warn: 24 }, ['warn expected a duration such as 24h, got 24']],
    [{ metric: 'rowCount', fail: 5 }, ['fail expected mustBe... for rowCount (add onFail: warn to only warn)']],
    [{ metric: 'rowCount', mustBe: 5, unit: 'percent' }, ['unit expected no unit for rowCount']],
    [
      { metric: 'rowCount', mustBeBetween: 5 },
      ['mustBeBetween expected two numbers in brackets such as [1, 100], got 5'],
    ],
    [
      { metric: 'rowCount', mustBe: 5, column: 'a' },
      ['column expected no column but with metric: freshness, sum, avg, min, max, stddev'],
    ],
    [{ unique: [] }, ['unique expected at least one column, got []']],
  ])('name the fault of %j on a table', (check, expectedFaults) => {
    expect(faults(tableCheckSchema, check)).toEqual(expectedFaults);
  });

  it('are published as JSON Schema', () => {
    expect(() => z.toJSONSchema(z.array(columnCheckSchema), { io: 'input' })).not.toThrow();
    expect(() => z.toJSONSchema(z.array(tableCheckSchema), { io: 'input' })).not.toThrow();
  });
});

describe('durationMs', () => {
  it.each([
    ['90s', 90_000],
    ['24h', 86_400_000],
    ['1.5m', 90_000],
    ['2w', 1_209_600_000],
    ['h', undefined],
    ['5 h', undefined],
  ])('reads %s as %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});
