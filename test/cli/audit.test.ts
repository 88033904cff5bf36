import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type AuditReport, showAudit } from '../../src/cli/audit.js';
import { openOutput } from '../../src/cli/output.js';

function shown(report: AuditReport): readonly string[] {
  const lines: string[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY: false });
  stdout.on('data', (text: Buffer) => lines.push(...String(text).trimEnd().split('\n')));
  showAudit(openOutput({ json: false, stdout: stdout as never, env: {} }), report);
  return lines;
}

const table = { dataset: 'orders', target: 'w', batches: 1, rows: 100, notCompared: [] };
const difference = { uri: 's3://lake/a.csv', row: '1', kind: 'missing' } as const;

test('a deep audit says of its last line which tables differ, and that it stopped where it did', () => {
  const differences = Array.from({ length: 50 }, (_, row) => ({ ...difference, row: String(row) }));
  const lines = shown({
    balanced: false,
    objects: [],
    deep: [
      { ...table, table: 'a', verdict: 'different', differences },
      { ...table, table: 'b', verdict: 'same', differences: [] },
    ],
  });
  expect(lines).toContain('The comparison of a table ends at 50 rows: there may be more.');
  expect(lines.at(-1)).toBe('not balanced: no objects; 1 of 2 tables not as the files are');
});

test('a deep audit without differences says only that it balances', () => {
  const lines = shown({
    balanced: true,
    objects: [],
    deep: [{ ...table, table: 'b', verdict: 'same', differences: [] }],
  });
  expect(lines.at(-1)).toBe('balanced: no objects');
});
