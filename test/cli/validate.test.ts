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

test('validate tells every pattern, type, condition and query that the engine refuses, beside all other faults', async () => {
  const config = (more: string) => `version: 1
lake: { url: s3://lake }
datasets:
  orders:
    source: { prefix: raw/orders/ }
    columns:
      a:
        checks:
          - required
          - { pattern: "([" }
          - { metric: invalidValues, arguments: { pattern: "(?=x)" }, mustBe: 0 }
          - { castable: "DECIMAL(99,2)" }
          - { expr: "a > ; b" }
          - { expr: "random() > 0.5" }
          - { pattern: "^a+$" }
    checks:
      - { query: "drop table input" }
      - { query: "select count(*) from other" }
      - { query: "select count(*) from input where a > 1;" }
      - { schema: { columns: { a: INTEGER UNSIGNED, b: any, c: BIGINT } } }
${more}`;
  writeFileSync(join(cwd, 'sluice.yaml'), config('      - { metric: bogus, mustBe: 0 }\n'));
  const { status, stdout } = await sluice(['validate', '--json'], { cwd });
  const { faults } = JSON.parse(stdout);
  const told = faults.map(({ line, path, expected, got }: Record<string, unknown>) => [line, path, expected, got]);
  expect([status, told]).toEqual([
    2,
    [
      [21, 'datasets.orders.checks[4].metric', expect.stringContaining('one of rowCount'), '"bogus"'],
      [
        10,
        'datasets.orders.columns.a.checks[1].pattern',
        'a pattern that RE2 reads',
        expect.stringContaining('missing ]'),
      ],
      [11, 'datasets.orders.columns.a.checks[2].arguments.pattern', 'a pattern that RE2 reads', expect.any(String)],
      [12, 'datasets.orders.columns.a.checks[3].castable', 'a type of the engine', 'DECIMAL(99,2)'],
      [13, 'datasets.orders.columns.a.checks[4].expr', 'one condition', '";" or a comment'],
      [14, 'datasets.orders.columns.a.checks[5].expr', "functions of one row's values", 'random()'],
      [17, 'datasets.orders.checks[0].query', 'one SELECT', 'another statement'],
      [18, 'datasets.orders.checks[1].query', 'a SELECT over input', 'other'],
      [20, 'datasets.orders.checks[3].schema.columns.a', 'a type of the engine', 'INTEGER UNSIGNED'],
    ],
  ]);
});
