import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sluice } from '../support/sluice.js';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-quarantine-'));
  const orders = join(cwd, 'lake', 'raw', 'orders');
  mkdirSync(orders, { recursive: true });
  writeFileSync(join(orders, 'a.csv'), 'id\n1\n2\n');
  writeFileSync(join(orders, 'again.csv'), 'id\n1\n2\n');
  writeFileSync(join(orders, 'cut.csv.gz'), gzipSync('id\n4\n').subarray(0, 20));
  const config = `version: 1
lake: { url: "file://${join(cwd, 'lake')}" }
targets: { warehouse: { type: postgres } }
datasets:
  orders:
    source: { prefix: raw/orders/ }
    load: [{ target: warehouse, table: orders }]
`;
  writeFileSync(join(cwd, 'sluice.yaml'), config);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const json = async (...args: string[]) => {
  const { status, stdout, stderr } = await sluice([...args, '--json'], { cwd });
  if (stdout === '') throw new Error(stderr);
  return { status, answer: JSON.parse(stdout) };
};

test('what a run set aside is listed, shown, released and discarded, and the next run loads what was let through', async () => {
  await json('run');
  const { answer } = await json('quarantine', 'list');
  const byCode = new Map<string, { id: string }>(answer.quarantined.map((one: { code: string }) => [one.code, one]));
  expect([...byCode.keys()].sort()).toEqual(['DUPLICATE_CONTENT', 'OBJECT_TRUNCATED']);
  const [duplicate, cut] = [byCode.get('DUPLICATE_CONTENT')!.id, byCode.get('OBJECT_TRUNCATED')!.id];

  const refused = await json('quarantine', 'release', duplicate, cut, '--by', 'ann', '--why', 'sent twice on purpose');
  expect(refused.status).toBe(1);
  expect(refused.answer.decisions).toMatchObject([
    { id: duplicate, answer: 'done', next: [expect.any(String)] },
    { id: cut, answer: 'refused' },
  ]);
  expect((await json('quarantine', 'discard', cut)).status).toBe(0);
  const shown = await json('quarantine', 'show', duplicate);
  expect(shown.answer).toMatchObject({
    kind: 'object',
    state: 'superseded',
    decisions: [{ verb: 'release', who: 'ann', why: 'sent twice on purpose' }],
  });

  const run = await json('run');
  expect([run.status, run.answer.rows.loaded, run.answer.audit.balanced]).toEqual([0, 2, true]);
  expect((await json('quarantine', 'list', 'orders')).answer).toEqual({ quarantined: [] });
});
