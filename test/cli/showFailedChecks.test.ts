import { expect, test } from 'vitest';
import { PassThrough } from 'node:stream';
import { openOutput } from '../../src/cli/output.js';
import { showOne } from '../../src/cli/quarantine.js';

function shown(facts: Readonly<Record<string, unknown>>): readonly string[] {
  const lines: string[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY: false });
  stdout.on('data', (text: Buffer) => lines.push(...String(text).trimEnd().split('\n')));
  showOne(openOutput({ json: false, stdout: stdout as never, env: {} }), facts);
  return lines.map((line) => line.replaceAll(/ {2,}/g, '  '));
}

test('a held batch shows its failed checks and their failing rows by file, for people', () => {
  const data = { name: 'id.required', column: 'id', expected: 'no NULL', verdict: 'fail', actual: 1, failingRows: 1 };
  const sample = [
    { object: 'o1', row: 3, value: null },
    { object: 'o2', row: 0, value: 'l…(4)' },
  ];
  const facts = {
    kind: 'batch',
    objects: [{ object: 'o1', uri: 's3://lake/raw/b.csv' }],
    checks: [{ kind: 'check', data: { ...data, sample } }],
    decisions: [],
  };
  expect(shown(facts)).toEqual([
    'kind  batch',
    'objects  {"object":"o1","uri":"s3://lake/raw/b.csv"}',
    '',
    'failed check  verdict  expected  actual  failing rows  reason',
    'id.required  fail  no NULL  1  1',
    '',
    'failed check  file  row (from 0)  value (masked)  times',
    'id.required  s3://lake/raw/b.csv  3  NULL',
    'id.required  o2  0  l…(4)',
  ]);
});

test('facts of another shape are shown as they are', () => {
  expect(shown({ checks: [{ odd: true }] })).toEqual(['checks  {"odd":true}']);
});
