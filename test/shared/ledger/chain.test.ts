import { expect, test } from 'vitest';
import { manifestHash } from '../../../src/shared/ledger/manifest.js';
import type { StepDispatch } from '../../../src/shared/ledger/port.js';
import {
  arrivals,
  claimed,
  compacted,
  freshLedger,
  inSeconds,
  included,
  judged,
  manifestOf,
  PLACE,
  passTime,
  planned,
  statesOf,
  stepRef,
  WAREHOUSE,
} from './support.js';

const names = (dispatches: readonly StepDispatch[]) =>
  dispatches.map((one) => [one.step, one.target, one.table, one.dispatch]);
const MIRROR = { target: 'mirror', table: 'orders' };

test('a batch goes through every step and its objects follow it to loaded', async () => {
  const { ledger } = await freshLedger();
  const { recorded } = await ledger.objects.record(arrivals(3));
  const [dispatch] = await ledger.plans.dispatch([PLACE]);
  expect(dispatch).toEqual({ ...PLACE, dispatch: expect.any(Number) });
  const pending = await ledger.plans.beginPlan(PLACE, 10);
  expect(pending.map(({ object }) => object).sort()).toEqual([...recorded].sort());

  const work = await planned(ledger, { loads: [WAREHOUSE, MIRROR] });
  expect(await statesOf(ledger, work.objects)).toEqual(['batched', 'batched', 'batched']);
  expect(names(await compacted(ledger, work))).toEqual([['profile', '', '', 1]]);
  expect(await statesOf(ledger, work.objects)).toEqual(['compacted', 'compacted', 'compacted']);
  expect(
    names(await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, 'profile')), [], false)),
  ).toEqual([['skew', '', '', 1]]);
  expect(
    names(await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, 'skew')), [], false)),
  ).toEqual([['check', '', '', 1]]);
  const loads = await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, 'check')), [], false);
  expect(names(loads).sort()).toEqual([
    ['load', 'mirror', 'orders', 1],
    ['load', 'warehouse', 'orders', 1],
  ]);
  expect(await statesOf(ledger, work.objects)).toEqual(['judged', 'judged', 'judged']);

  const first = new Date('2026-01-02T00:00:00Z');
  const last = new Date('2026-01-03T00:00:00Z');
  await ledger.steps.commitLoad(await claimed(ledger, stepRef(work.batch, 'load', WAREHOUSE)), {
    rows: 30,
    committedAt: last,
  });
  expect(await statesOf(ledger, work.objects)).toEqual(['judged', 'judged', 'judged']);
  await ledger.steps.commitLoad(await claimed(ledger, stepRef(work.batch, 'load', MIRROR)), {
    rows: 30,
    committedAt: first,
  });

  const custody = await ledger.objects.custody(work.objects[0]!);
  expect(custody?.object).toMatchObject({ state: 'loaded', batch: work.batch, rowsIn: 10, loadedAt: last });
  expect(custody?.steps.map(({ step, state, attempt }) => [step, state, attempt])).toEqual([
    ['compact', 'done', 1],
    ['profile', 'done', 1],
    ['skew', 'done', 1],
    ['check', 'done', 1],
    ['load', 'done', 1],
    ['load', 'done', 1],
  ]);
  expect(custody?.loads).toMatchObject([
    { target: 'mirror', rows: 30, committedAt: first },
    { target: 'warehouse', rows: 30, committedAt: last },
  ]);
  expect(custody?.artifacts).toEqual([`a/${work.batch}/1.parquet`]);
  expect((await ledger.read.batch(work.batch))?.row).toMatchObject({
    state: 'loaded',
    objects: 3,
    rowsIn: 30,
    rowsOut: 30,
    artifacts: 1,
    bytesIn: 300,
  });
});

test('two loads that finish at the same moment leave the batch loaded', async () => {
  const { ledger } = await freshLedger();
  for (let round = 0; round < 10; round++) {
    const work = await planned(ledger, { count: 2, loads: [WAREHOUSE, MIRROR] });
    await judged(ledger, work);
    const claims = await Promise.all(
      [WAREHOUSE, MIRROR].map((load) => claimed(ledger, stepRef(work.batch, 'load', load))),
    );
    await Promise.all(claims.map((claim) => ledger.steps.commitLoad(claim, { rows: 1, committedAt: new Date() })));
    expect((await ledger.read.batch(work.batch))?.row.state).toBe('loaded');
  }
});

test('a batch without loads ends judged', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger, { loads: [] });
  expect(await judged(ledger, work)).toEqual([]);
  expect((await ledger.read.batch(work.batch))?.row.state).toBe('judged');
  expect(await ledger.recovery.backlog()).toEqual([]);
});

test('the manifest comes back as it was hashed, and the objects in the order of the plan', async () => {
  const { ledger, sql } = await freshLedger();
  const work = await planned(ledger, { count: 20 });
  await compacted(ledger, work);
  const batch = await ledger.read.batch(work.batch);
  expect(batch?.objects.map(({ object }) => object)).toEqual(work.objects);
  const { rows } = await sql.query('SELECT manifest_hash FROM sluice.batches');
  expect(manifestHash(batch!.manifest!)).toBe(rows[0].manifest_hash);
});

test('a commit with a stale attempt or a foreign holder changes nothing', async () => {
  const { ledger, sql } = await freshLedger();
  const work = await planned(ledger);
  const old = await claimed(ledger, stepRef(work.batch, 'compact'), 'worker-1', 0);
  const current = await claimed(ledger, stepRef(work.batch, 'compact'), 'worker-2');
  const before = await everything(sql);
  const manifest = manifestOf(
    old,
    work.objects.map((object) => included(object)),
  );
  for (const claim of [old, { ...current, holder: 'worker-1' }, { ...current, attempt: 3 }]) {
    await expect(ledger.steps.commitCompact(claim, manifest, new Date())).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(ledger.steps.commitFindings({ ...claim, step: 'profile' }, [], false)).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    await expect(
      ledger.steps.commitLoad({ ...claim, step: 'load', ...WAREHOUSE }, { rows: 1, committedAt: new Date() }),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await ledger.steps.fail(claim, { code: 'INTERNAL', message: 'x' }, undefined);
    await ledger.steps.handBack(claim);
    expect(await ledger.steps.heartbeat(claim, 30_000)).toBe(false);
  }
  expect(await everything(sql)).toEqual(before);
  await ledger.steps.commitCompact(
    current,
    manifestOf(
      current,
      work.objects.map((object) => included(object)),
    ),
    new Date(),
  );
  await expect(ledger.steps.commitCompact(current, manifest, new Date())).rejects.toMatchObject({ code: 'LEASE_LOST' });
});

test('a released object goes back to arrived, is due later and may join another batch', async () => {
  const { ledger, sql } = await freshLedger();
  const work = await planned(ledger);
  const [kept, gone] = work.objects;
  const claim = await claimed(ledger, stepRef(work.batch, 'compact'));
  const released = { object: gone!, kind: 'released', code: 'OBJECT_MISSING', reason: '404' } as const;
  const until = inSeconds(3600);
  await ledger.plans.planAgainAt(PLACE, inSeconds(3 * 3600));
  await ledger.steps.commitCompact(
    claim,
    manifestOf(claim, [included(kept!), released, included(work.objects[2]!)]),
    until,
  );
  expect(await statesOf(ledger, work.objects)).toEqual(['compacted', 'arrived', 'compacted']);
  expect((await ledger.objects.custody(gone!))?.object).toMatchObject({ code: 'OBJECT_MISSING', reason: '404' });
  expect(await ledger.recovery.unplannedPartitions(0, 10)).toEqual([]);
  await passTime(sql, 3601);
  expect(await ledger.recovery.unplannedPartitions(0, 10)).toMatchObject([PLACE]);
  const pending = await ledger.plans.beginPlan(PLACE, 10);
  expect(pending.map(({ object }) => object)).toEqual([gone]);
  const again = await planned(ledger, { count: 1 });
  const next = { ...again, batch: again.batch.replace(/^./, 'f') as typeof again.batch };
  expect(
    await ledger.plans.commitPlan(PLACE, [{ batch: next.batch, objects: [gone!], configHash: 'c', loads: [] }]),
  ).toHaveLength(1);
  expect((await ledger.read.batch(next.batch))?.objects).toMatchObject([{ object: gone, releases: 1 }]);
  expect(
    (await ledger.objects.custody(gone!))?.steps.filter(({ step }) => step === 'compact').map(({ batch }) => batch),
  ).toEqual([work.batch, next.batch]);
});

test('a batch whose objects are all quarantined is empty, and its steps are closed', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger);
  const claim = await claimed(ledger, stepRef(work.batch, 'compact'));
  const bad = work.objects.map(
    (object) => ({ object, kind: 'quarantined', code: 'OBJECT_TRUNCATED', reason: 'ends at \0 byte 7' }) as const,
  );
  expect(await ledger.steps.commitCompact(claim, manifestOf(claim, bad), new Date())).toEqual([]);
  expect((await ledger.read.batch(work.batch))?.row.state).toBe('empty');
  expect(await ledger.objects.list({ dataset: 'orders', state: 'quarantined', limit: 10 })).toMatchObject(
    bad.map(() => ({ code: 'OBJECT_TRUNCATED', reason: 'ends at \\0 byte 7' })),
  );
  expect(await ledger.steps.claim(stepRef(work.batch, 'load', WAREHOUSE), 'w', 1000)).toEqual({ kind: 'done' });
  expect(await ledger.recovery.unfinishedSteps(0, 10)).toEqual([]);
});

test('objects without rows have nothing to load and are loaded with their empty batch', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger, { count: 2 });
  const claim = await claimed(ledger, stepRef(work.batch, 'compact'));
  await ledger.steps.commitCompact(
    claim,
    manifestOf(
      claim,
      work.objects.map((object) => included(object, 0)),
    ),
    new Date(),
  );
  expect(await statesOf(ledger, work.objects)).toEqual(['loaded', 'loaded']);
  expect(await ledger.read.auditPage('orders', undefined, 10)).toMatchObject([
    { rowsIn: 0, loads: [] },
    { rowsIn: 0, loads: [] },
  ]);
});

test('a manifest that forgets an object, names a foreign one or one twice is refused whole', async () => {
  const { ledger, sql } = await freshLedger();
  const work = await planned(ledger);
  const other = await planned(ledger, { count: 1 });
  const claim = await claimed(ledger, stepRef(work.batch, 'compact'));
  const before = await everything(sql);
  const [a, b] = work.objects;
  for (const objects of [
    [a!, b!],
    [a!, b!, other.objects[0]!],
    [a!, b!, b!],
  ]) {
    const manifest = manifestOf(
      claim,
      objects.map((object) => included(object)),
    );
    await expect(ledger.steps.commitCompact(claim, manifest, new Date())).rejects.toMatchObject({ code: 'INTERNAL' });
  }
  expect(await everything(sql)).toEqual(before);
});

test('a hold keeps the batch back: loads stay closed, and nothing is unfinished', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger);
  await compacted(ledger, work);
  for (const step of ['profile', 'skew'] as const)
    await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, step)), [], false);
  const finding = {
    kind: 'check',
    name: 'rows',
    column: 'id',
    verdict: 'fail',
    data: { expected: [1, 2], got: null },
  } as const;
  expect(
    await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, 'check')), [finding], true),
  ).toEqual([]);
  expect(await statesOf(ledger, work.objects)).toEqual(['held', 'held', 'held']);
  expect(await ledger.steps.claim(stepRef(work.batch, 'load', WAREHOUSE), 'w', 1000)).toEqual({
    kind: 'closed',
    reason: 'the batch is held',
  });
  expect(await ledger.recovery.unfinishedSteps(0, 10)).toEqual([]);
  expect(await ledger.recovery.backlog()).toEqual([
    { dataset: 'orders', pending: 0, openSteps: 0, failedSteps: 0, heldBatches: 1 },
  ]);
  expect(await ledger.read.findings({ batch: work.batch, limit: 10 })).toMatchObject([
    { ...finding, batch: work.batch, dataset: 'orders' },
  ]);
  expect(await ledger.read.findings({ dataset: 'orders', kind: 'profile', limit: 10 })).toEqual([]);
  expect(await ledger.objects.list({ state: 'held', limit: 10 })).toHaveLength(3);
});

test('findings of a later attempt replace those that never committed, kind by kind', async () => {
  const { ledger } = await freshLedger();
  const work = await planned(ledger);
  await compacted(ledger, work);
  const found = (name: string, kind: 'profile' | 'skew') => ({ kind, name, data: { name } });
  await ledger.steps.commitFindings(
    await claimed(ledger, stepRef(work.batch, 'profile')),
    [found('a', 'profile'), found('b', 'profile')],
    false,
  );
  await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, 'skew')), [found('c', 'skew')], false);
  expect((await ledger.read.findings({ batch: work.batch, limit: 10 })).map(({ name }) => name)).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect((await ledger.read.findings({ limit: 2 })).map(({ name }) => name)).toEqual(['c', 'b']);
});

async function everything(sql: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<unknown> {
  const tables = ['identities', 'objects', 'partitions', 'batches', 'batch_objects', 'steps', 'findings', 'loads'];
  const all = [];
  for (const table of tables)
    all.push((await sql.query(`SELECT t::text FROM sluice.${table} t ORDER BY t::text`)).rows);
  return all;
}
