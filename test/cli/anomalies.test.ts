import { expect, test } from 'vitest';
import { showFigure } from '../../src/cli/anomalies.js';

test.each([
  [-17_854.055949999998, '-17,854'],
  [25_954.6, '25,955'],
  [101.5, '101.5'],
  [0.012345, '0.01235'],
  [0, '0'],
])('%d is told as %s', (value, text) => {
  expect(showFigure(value)).toBe(text);
});
