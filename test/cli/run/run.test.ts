import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sluice } from '../../support/sluice.js';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-run-'));
  const orders = join(cwd, 'lake', 'raw', 'orders');
  mkdirSync(orders, { recursive: true });
  writeFileSync(join(orders, 'a.csv'), 'id,name\n1,x\n2,y\n');
  writeFileSync(join(orders, 'b.csv'), 'id,name\n3,z\n');
  writeFileSync(join(orders, 'cut.csv.gz'), gzipSync('id,name\n4,w\n').subarray(0, 20));
  const config = `version: 1
lake: { url: "file://${join(cwd, 'lake')}" }
targets: { warehouse: { type: postgres } }
datasets:
  orders:
    source: { prefix: raw/orders/ }
    columns: { id: { checks: [required, unique] } }
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

test('a run loads a folder into the embedded Postgres, names what it set aside, and the ledger is there for the next command', async () => {
  const first = await json('run', '--strict');
  expect(first.status).toBe(1);
  expect(first.answer).toMatchObject({
    objects: { found: 3, loaded: 2, quarantined: 1, ignored: 0 },
    quarantined: [{ code: 'OBJECT_TRUNCATED' }],
    batches: 1,
    artifacts: 1,
    rows: { in: 3, loaded: 3 },
    audit: { balanced: true },
    checks: { pass: 2, warn: 0, fail: 0 },
  });
  expect(first.answer.targets.warehouse).toMatch(/^postgres(ql)?:\/\//);

  const again = await json('run');
  expect([again.status, again.answer.objects, again.answer.rows.loaded]).toEqual([
    0,
    { found: 0, loaded: 0, quarantined: 0, held: 0, ignored: 0 },
    0,
  ]);

  const { answer } = await json('sql', 'SELECT count(*) AS n, max(name) AS last, true AS sure FROM orders');
  expect(answer.rows).toEqual([{ n: 3, last: 'z', sure: true }]);
  const status = await json('status');
  expect(status.answer.datasets).toMatchObject([
    { dataset: 'orders', objects: { loaded: 2, quarantined: 1 }, pending: 0 },
  ]);
  const objects = await json('objects', 'orders', '--state', 'quarantined');
  expect(objects.answer.objects.map((one: { uri: string }) => one.uri.endsWith('cut.csv.gz'))).toEqual([true]);
  expect((await json('objects', 'nosuch')).status).toBe(2);
});

test('the audit sees a row that somebody deleted in the target, and ends with 1', async () => {
  expect((await json('audit')).answer.balanced).toBe(true);
  await json('sql', 'DELETE FROM orders WHERE id = 3 RETURNING id');
  const { status, answer } = await json('audit', 'orders');
  expect([status, answer.balanced]).toEqual([1, false]);
  const bad = answer.objects.filter((one: { verdict: string }) => one.verdict !== 'balanced');
  expect(bad).toMatchObject([{ rowsIn: 1, targets: { warehouse: { present: 0 } }, verdict: 'unbalanced' }]);

  await json('sql', 'ALTER TABLE orders RENAME COLUMN _sluice_object TO lost');
  const uncounted = await json('audit');
  const verdicts = uncounted.answer.objects.map((one: { verdict: string }) => one.verdict);
  expect([uncounted.status, uncounted.answer.balanced, new Set(verdicts)]).toEqual([1, false, new Set(['unverified'])]);
});

test('try loads each folder of a place into a table of its own without any configuration', async () => {
  mkdirSync(join(cwd, 'files', 'users'), { recursive: true });
  writeFileSync(join(cwd, 'files', 'users', 'u.ndjson'), '{"id":1,"mail":"a@b"}\n{"id":2,"mail":"c@d"}\n');
  writeFileSync(join(cwd, 'files', 'more.csv'), 'x\n1\n');
  const { status, answer } = await json('try', 'files');
  expect([status, answer.audit.balanced, answer.tables]).toEqual([
    0,
    true,
    [
      { table: 'files', rows: 1, columns: ['x'] },
      { table: 'users', rows: 2, columns: ['id', 'mail'] },
    ],
  ]);
});

test('a run tells what it found about a batch that it holds back, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-run-held-'));
  try {
    mkdirSync(join(folder, 'lake', 'raw'), { recursive: true });
    writeFileSync(join(folder, 'lake', 'raw', 'a.csv'), 'id,name\n1,x\n,y\n');
    writeFileSync(
      join(folder, 'sluice.yaml'),
      `version: 1
lake: { url: "file://${join(folder, 'lake')}" }
datasets: { orders: { source: { prefix: raw/ }, columns: { id: { checks: [required, unique] } } } }
`,
    );
    const run = async () => JSON.parse((await sluice(['run', '--json'], { cwd: folder })).stdout);
    expect(await run()).toMatchObject({
      objects: { found: 1, loaded: 0, quarantined: 0, held: 1 },
      batches: 1,
      rows: { in: 2, loaded: 0 },
      checks: { pass: 1, warn: 0, fail: 1 },
    });
    expect(await run()).toMatchObject({ objects: { held: 0 }, batches: 0, checks: { pass: 0, fail: 0 } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
