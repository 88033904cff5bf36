import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderReference } from '../../src/cli/reference.js';

test.each(renderReference())('$path is fresh: `node scripts/generate.mjs` would change nothing', ({ path, text }) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text);
});
