import { expect, test } from 'vitest';
import { newBatchId } from '../../../src/shared/ids.js';
import type { PlanDispatch } from '../../../src/shared/ledger/port.js';
import { arrivals, freshLedger, PLACE, planned, statesOf, WAREHOUSE } from './support.js';

const OTHER = { dataset: 'orders', partition: 'day=2026-01-02' };

test('a partition is dispatched once until its plan begins', async () => {
  const { ledger } = await freshLedger();
  const first = await ledger.plans.dispatch([PLACE, PLACE, OTHER]);
  expect(first).toHaveLength(2);
  const number =
    first.find(({ dataset, partition }) => dataset === PLACE.dataset && partition === PLACE.partition)?.dispatch ?? 0;
  expect(await ledger.plans.dispatch([OTHER, PLACE])).toEqual([]);
  await ledger.plans.beginPlan(PLACE, 10);
  expect(await ledger.plans.dispatch([OTHER, PLACE])).toEqual([{ ...PLACE, dispatch: number + 1 }]);
  expect(await ledger.plans.dispatch([])).toEqual([]);
});

test('of many dispatches at once, in any order, one gets the number', async () => {
  const { ledger } = await freshLedger();
  let before = new Map<string, number>();
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, turn) => ledger.plans.dispatch(turn % 2 === 0 ? [PLACE, OTHER] : [OTHER, PLACE])),
    );
    expect(answers.flat()).toHaveLength(2);
    const numbers = new Map(answers.flat().map(({ partition, dispatch }) => [partition, dispatch]));
    for (const [partition, number] of before) expect(numbers.get(partition)).toBe(number + 1);
    before = numbers;
    await ledger.plans.beginPlan(PLACE, 1);
    await ledger.plans.beginPlan(OTHER, 1);
  }
});

test('a new partition begins above the dispatches that an older ledger gave it', async () => {
  const older = await freshLedger();
  const [first] = await older.ledger.plans.dispatch([PLACE]);
  const newer = await freshLedger();
  const [second] = await newer.ledger.plans.dispatch([PLACE]);
  expect(second?.dispatch).toBeGreaterThan(first?.dispatch ?? Infinity);
});

test('files that wait for a young batch of their partition are woken when it ends', async () => {
  const { ledger, sql } = await freshLedger();
  expect(await ledger.plans.hasYoungBatch(PLACE)).toBe(false);
  const work = await planned(ledger, { loads: [WAREHOUSE] });
  expect(await ledger.plans.hasYoungBatch(PLACE)).toBe(true);
  expect(await ledger.plans.hasYoungBatch(OTHER)).toBe(false);
  expect(await ledger.plans.wakeAfter(work.batch, 1000)).toEqual([]);

  const { dispatch } = await ledger.plans.planAgainAt(PLACE, new Date(Date.now() + 60_000));
  expect(await ledger.plans.wakeAfter(work.batch, 1000)).toEqual([]);
  expect(await ledger.plans.wakeAfter(work.batch, 120_000)).toEqual([{ ...PLACE, dispatch: dispatch + 1 }]);
  expect(await ledger.plans.wakeAfter(work.batch, 120_000)).toEqual([]);

  await sql.query(`UPDATE sluice.batches SET created_at = created_at - interval '11 seconds'`);
  expect(await ledger.plans.hasYoungBatch(PLACE)).toBe(false);
});

test('no wake-up is lost: whatever arrives while plans run is planned by a dispatched plan', async () => {
  const { ledger } = await freshLedger();
  const queue: PlanDispatch[] = [];
  const intakes = { running: 8 };
  const intake = async () => {
    for (let turn = 0; turn < 40; turn++) {
      await ledger.objects.record(arrivals(1));
      queue.push(...(await ledger.plans.dispatch([PLACE])));
    }
    intakes.running--;
  };
  const planner = async () => {
    while (intakes.running > 0 || queue.length > 0) {
      const job = queue.shift();
      if (job === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const pending = await ledger.plans.beginPlan(job, 1000);
      const objects = pending.map(({ object }) => object);
      const batch = { batch: newBatchId(Date.now()), objects, configHash: 'c', loads: [] };
      const steps = await ledger.plans.commitPlan(job, [batch]);
      if (objects.length > 0 && steps.length === 0) queue.push(await ledger.plans.planAgainAt(PLACE, new Date()));
    }
  };
  await Promise.all([...Array.from({ length: 8 }, intake), planner(), planner()]);
  expect(await ledger.objects.counts()).toEqual([{ dataset: 'orders', state: 'batched', objects: 320, bytes: 32_000 }]);
});

test('what is recorded while the mark is being taken off is read by that very plan', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.plans.dispatch([PLACE]);
  const blocker = await sql.connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT FROM sluice.partitions FOR UPDATE');
  const plan = ledger.plans.beginPlan(PLACE, 10);
  const waiting = `SELECT count(*)::int AS blocked FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await sql.query(waiting)).rows[0].blocked).toBe(1);
  const { recorded } = await ledger.objects.record(arrivals(1));
  expect(await ledger.plans.dispatch([PLACE])).toEqual([]);
  await blocker.query('COMMIT');
  blocker.release();
  expect((await plan).map(({ object }) => object)).toEqual(recorded);
});

test('plans that want the same objects void the later batch whole', async () => {
  const { ledger } = await freshLedger();
  const { recorded } = await ledger.objects.record(arrivals(4));
  const [a, b, c, d] = recorded;
  const batchOf = (...objects: (typeof recorded)[number][]) => ({
    batch: newBatchId(Date.now()),
    objects,
    configHash: 'c',
    loads: [WAREHOUSE],
  });
  expect(await ledger.plans.commitPlan(PLACE, [batchOf(a!, b!)])).toMatchObject([
    { step: 'compact', dispatch: 1, dataset: 'orders' },
  ]);
  expect(await ledger.plans.commitPlan(PLACE, [batchOf(b!, c!), batchOf(), batchOf(d!)])).toHaveLength(1);
  expect(await statesOf(ledger, [a!, b!, c!, d!])).toEqual(['batched', 'batched', 'arrived', 'batched']);
  expect(await ledger.plans.commitPlan(OTHER, [batchOf(c!)])).toEqual([]);
  expect(await ledger.plans.commitPlan(PLACE, [])).toEqual([]);
  expect(await ledger.read.batches('orders', 10)).toHaveLength(2);
});

test('of plans that commit the same objects at once, one wins', async () => {
  const { ledger } = await freshLedger();
  const { recorded } = await ledger.objects.record(arrivals(50));
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, turn) =>
      ledger.plans.commitPlan(PLACE, [
        {
          batch: newBatchId(Date.now()),
          objects: turn % 2 === 0 ? recorded : [...recorded].reverse(),
          configHash: 'c',
          loads: [],
        },
      ]),
    ),
  );
  expect(answers.flat()).toHaveLength(1);
});

test('a commit repeated after a lost answer changes nothing', async () => {
  const { ledger } = await freshLedger();
  const { recorded } = await ledger.objects.record(arrivals(2));
  const batch = { batch: newBatchId(Date.now()), objects: recorded, configHash: 'c', loads: [] };
  await ledger.plans.commitPlan(PLACE, [batch]);
  expect(await ledger.plans.commitPlan(PLACE, [batch])).toEqual([]);
});

test('pending objects are read oldest first, at most the limit', async () => {
  const { ledger } = await freshLedger();
  const first = (await ledger.objects.record(arrivals(2))).recorded;
  await ledger.objects.record(arrivals(2));
  const pending = await ledger.plans.beginPlan(PLACE, 2);
  expect(pending.map(({ object }) => object).sort()).toEqual([...first].sort());
  expect(pending[0]).toMatchObject({ size: expect.any(Number), arrivedAt: expect.any(Date) });
});

test('a partition that waits for a later plan is still dispatched for new arrivals', async () => {
  const { ledger } = await freshLedger();
  expect(await ledger.plans.planAgainAt(OTHER, new Date())).toEqual({ ...OTHER, dispatch: expect.any(Number) });
  await ledger.objects.record(arrivals(1));
  const [first] = await ledger.plans.dispatch([PLACE]);
  const number = first?.dispatch ?? 0;
  await ledger.plans.beginPlan(PLACE, 10);
  expect(await ledger.plans.planAgainAt(PLACE, new Date(Date.now() + 60_000))).toEqual({
    ...PLACE,
    dispatch: number + 1,
  });
  expect(await ledger.recovery.unplannedPartitions(0, 10)).toEqual([]);
  await ledger.objects.record(arrivals(1));
  expect(await ledger.plans.dispatch([PLACE])).toEqual([{ ...PLACE, dispatch: number + 2 }]);
});
