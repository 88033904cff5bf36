import { expect, test } from 'vitest';
import { arrivals, claimed, compacted, freshLedger, inSeconds, passTime, PLACE, planned, stepRef } from './support.js';

test('steps that nobody holds are dispatched again, each by one reconciler', async () => {
  const { ledger, sql } = await freshLedger();
  const works = [];
  for (let turn = 0; turn < 12; turn++) works.push(await planned(ledger, { count: 1 }));
  await claimed(ledger, stepRef(works[0]!.batch, 'compact'), 'alive', 300_000);
  expect(await ledger.recovery.unfinishedSteps(60_000, 100)).toEqual([]);
  await passTime(sql, 61);
  const rounds = await Promise.all([1, 2, 3, 4].map(() => ledger.recovery.unfinishedSteps(60_000, 5)));
  const again = rounds.flat();
  expect(again.length + (await ledger.recovery.unfinishedSteps(60_000, 100)).length).toBe(11);
  expect(new Set(again.map(({ batch }) => batch)).size).toBe(again.length);
  expect(again[0]).toMatchObject({ step: 'compact', target: '', table: '', dataset: 'orders', dispatch: 2 });
  expect(await ledger.recovery.unfinishedSteps(60_000, 100)).toEqual([]);
  expect(await ledger.recovery.unfinishedSteps(0, 100)).toHaveLength(11);
});

test('the steps of a dead holder are free at once and each counts a crash', async () => {
  const { ledger } = await freshLedger();
  const [one, two] = [await planned(ledger), await planned(ledger)];
  const lost = await claimed(ledger, stepRef(one.batch, 'compact'), 'dead');
  await claimed(ledger, stepRef(two.batch, 'compact'), 'alive');
  expect(await ledger.recovery.expireHolder('dead')).toBe(1);
  expect(await ledger.recovery.expireHolder('dead')).toBe(0);
  expect(await ledger.steps.heartbeat(lost, 1000)).toBe(false);
  expect(await claimed(ledger, stepRef(one.batch, 'compact'))).toMatchObject({ attempt: 2, crashes: 1 });
  expect(await ledger.steps.claim(stepRef(two.batch, 'compact'), 'c', 1000)).toMatchObject({ kind: 'leased' });
});

test('objects whose dispatch was never made or got lost are found again', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record(arrivals(2));
  await ledger.objects.record(arrivals(1, { partition: 'b' }));
  await ledger.objects.record(arrivals(1, { dataset: 'clicks', partition: '' }));
  expect(await ledger.recovery.unplannedPartitions(60_000, 10)).toEqual([]);
  const found = await ledger.recovery.unplannedPartitions(0, 10);
  expect(found.map(({ dataset, partition }) => `${dataset} ${partition}`).sort()).toEqual([
    'clicks ',
    'orders b',
    `orders ${PLACE.partition}`,
  ]);
  expect(await ledger.recovery.unplannedPartitions(60_000, 10)).toEqual([]);
  expect(await ledger.plans.dispatch([PLACE])).toEqual([]);
  expect(await ledger.recovery.unplannedPartitions(0, 2)).toHaveLength(2);
});

test('a partition that was planned and has nothing pending is left alone', async () => {
  const { ledger } = await freshLedger();
  await planned(ledger);
  await ledger.plans.dispatch([PLACE]);
  expect(await ledger.recovery.unplannedPartitions(0, 10)).toEqual([]);
});

test('a plan that was put off is due at its time, for the reconciler too', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.objects.record(arrivals(1));
  const at = inSeconds(60);
  const { dispatch } = await ledger.plans.planAgainAt(PLACE, at);
  expect(await ledger.recovery.unplannedPartitions(0, 10)).toEqual([]);
  expect(await ledger.recovery.backlog()).toEqual([
    { dataset: 'orders', pending: 1, openSteps: 0, failedSteps: 0, heldBatches: 0, nextDueAt: at },
  ]);
  await passTime(sql, 61);
  expect(await ledger.recovery.unplannedPartitions(30_000, 10)).toEqual([]);
  expect(await ledger.recovery.unplannedPartitions(0, 10)).toEqual([{ ...PLACE, dispatch: dispatch + 1 }]);
});

test('closing now dispatches every partition of the datasets that has pending objects', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record([
    ...arrivals(1),
    ...arrivals(1, { partition: 'b' }),
    ...arrivals(1, { dataset: 'clicks' }),
  ]);
  await ledger.plans.dispatch([PLACE]);
  await ledger.plans.planAgainAt({ dataset: 'orders', partition: 'b' }, new Date(Date.now() + 60_000));
  expect(await ledger.recovery.pendingPartitions(['orders', 'none'])).toHaveLength(2);
  expect(await ledger.recovery.pendingPartitions([])).toEqual([]);
});

test('the backlog says what is open and when the first of it is due', async () => {
  const { ledger } = await freshLedger();
  expect(await ledger.recovery.backlog()).toEqual([]);
  const work = await planned(ledger);
  await compacted(ledger, work);
  await ledger.objects.record(arrivals(4, { dataset: 'clicks' }));
  const before = new Date();
  const [clicks, orders] = await ledger.recovery.backlog();
  expect(clicks).toMatchObject({ dataset: 'clicks', pending: 4, openSteps: 0 });
  expect(orders).toMatchObject({ dataset: 'orders', pending: 0, openSteps: 1 });
  expect(clicks!.nextDueAt!.getTime()).toBeLessThanOrEqual(before.getTime());
  expect(orders!.nextDueAt!.getTime()).toBeLessThanOrEqual(before.getTime());
  await claimed(ledger, stepRef(work.batch, 'profile'), 'w', 60_000);
  expect((await ledger.recovery.backlog())[1]!.nextDueAt!.getTime()).toBeGreaterThan(before.getTime() + 50_000);
});
