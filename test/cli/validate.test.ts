import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sluice } from '../support/sluice.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-validate-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

test('validate refuses a transform that is no projection, with its place', async () => {
  const config = (transform: string) => `version: 1
lake: { url: s3://lake }
datasets:
  orders:
    source: { prefix: raw/orders/ }
    transform: "${transform}"
`;
  writeFileSync(join(cwd, 'sluice.yaml'), config('select id, random() as dice from input'));
  const bad = await sluice(['validate', '--json'], { cwd });
  expect([bad.status, JSON.parse(bad.stdout).faults]).toEqual([
    2,
    [
      {
        path: 'datasets.orders.transform (line 1, column 12)',
        expected: 'functions that depend on their arguments alone',
        got: 'random: one that answers otherwise each time',
      },
    ],
  ]);
  writeFileSync(join(cwd, 'sluice.yaml'), config('select id from input'));
  expect((await sluice(['validate'], { cwd })).status).toBe(0);
});
