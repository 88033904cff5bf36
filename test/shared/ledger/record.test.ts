import { expect, test } from 'vitest';
import { objectId } from '../../../src/shared/ids.js';
import type { RoutedArrival } from '../../../src/shared/ledger/port.js';
import { arrivals, claimed, freshLedger, included, manifestOf, PLACE, planned, stepRef } from './support.js';

test('recording the same arrivals again changes nothing', async () => {
  const { ledger } = await freshLedger();
  const some = arrivals(5);
  const first = await ledger.objects.record(some);
  expect(first.recorded).toEqual(some.map((one) => objectId({ ...one, generation: 0 })));
  expect(first.fresh).toEqual(some);
  expect(first.duplicates).toBe(0);
  expect(await ledger.objects.record([...some, ...arrivals(1)])).toMatchObject({
    recorded: [expect.any(String)],
    duplicates: 5,
  });
  expect(await ledger.objects.counts()).toEqual([
    { dataset: 'orders', state: 'arrived', objects: 6, bytes: 510 + 100 },
  ]);
});

test('an arrival named twice in one call is recorded once', async () => {
  const { ledger } = await freshLedger();
  const [one] = arrivals(1);
  expect(await ledger.objects.record([one!, { ...one!, source: 'sweep' }])).toMatchObject({
    recorded: [expect.any(String)],
    duplicates: 1,
  });
  expect(await ledger.objects.record([])).toEqual({ recorded: [], fresh: [], duplicates: 0, outdone: [] });
});

test('a new version of a key, and the same bytes under another key, are other objects', async () => {
  const { ledger } = await freshLedger();
  const [one] = arrivals(1);
  const { recorded } = await ledger.objects.record([
    one!,
    { ...one!, eTag: 'new' },
    { ...one!, key: 'other' },
    { ...one!, size: 7 },
  ]);
  expect(new Set(recorded).size).toBe(4);
});

test('arrivals that many requests bring at once, in any order, are each recorded by one of them', async () => {
  const { ledger } = await freshLedger();
  const some = arrivals(300);
  const receipts = await Promise.all(
    Array.from({ length: 12 }, (_, turn) => ledger.objects.record(turn % 2 === 0 ? some : [...some].reverse())),
  );
  const recorded = receipts.flatMap((receipt) => receipt.recorded);
  expect(recorded).toHaveLength(300);
  expect(new Set(recorded).size).toBe(300);
  expect(receipts.reduce((sum, receipt) => sum + receipt.duplicates, 0)).toBe(11 * 300);
});

test('requests that bring the same arrivals in opposite order wait for each other and never deadlock', async () => {
  const { ledger, sql } = await freshLedger();
  const identity = (one: RoutedArrival) => objectId({ ...one, generation: 0 });
  const some = arrivals(3).sort((a, b) => (identity(a) < identity(b) ? -1 : 1));
  const blocker = await sql.connect();
  await blocker.query('BEGIN');
  await blocker.query('INSERT INTO sluice.identities VALUES ($1, now())', [identity(some[1]!)]);
  const both = [ledger.objects.record(some), ledger.objects.record([...some].reverse())];
  const waiting = `SELECT count(*)::int AS blocked FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await sql.query(waiting)).rows[0].blocked).toBe(2);
  await blocker.query('ROLLBACK');
  blocker.release();
  expect((await Promise.all(both)).map(({ recorded }) => recorded.length).sort()).toEqual([0, 3]);
});

test('a call may bring twenty thousand arrivals', async () => {
  const { ledger } = await freshLedger();
  const { recorded } = await ledger.objects.record(arrivals(20_000));
  expect(recorded).toHaveLength(20_000);
  expect(await ledger.objects.counts()).toMatchObject([{ state: 'arrived', objects: 20_000 }]);
});

test('a key with any other character comes back as it was; one with NUL is refused by name', async () => {
  const { ledger } = await freshLedger();
  const keys = ['a b+c%20', `quote ' " \\ {x,y}`, 'ünï/日本/🙂', 'NULL', '', 'line\nbreak\ttab'];
  await ledger.objects.record(keys.map((key) => ({ ...arrivals(1)[0]!, key })));
  expect((await ledger.objects.list({ limit: 10 })).map(({ key }) => key).sort()).toEqual([...keys].sort());
  await expect(ledger.objects.record(arrivals(1, { key: 'a\0b' }))).rejects.toMatchObject({ code: 'EVENT_MALFORMED' });
});

test('what arrives in a month without a table is kept, and moves over when its table is made', async () => {
  const { ledger, sql } = await freshLedger();
  const name = (await sql.query(`SELECT 'objects_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') AS name`)).rows[0]
    .name;
  await sql.query(`DROP TABLE sluice.${name}`);
  const { recorded } = await ledger.objects.record(arrivals(3));
  expect((await sql.query('SELECT count(*)::int FROM sluice.objects_default')).rows).toEqual([{ count: 3 }]);
  await ledger.recovery.keepHouse();
  expect((await sql.query(`SELECT count(*)::int FROM sluice.${name}`)).rows).toEqual([{ count: 3 }]);
  expect((await ledger.plans.beginPlan(PLACE, 10)).map(({ object }) => object).sort()).toEqual([...recorded].sort());
  expect(await ledger.objects.counts()).toMatchObject([{ objects: 3 }]);
});

test('ignored arrivals are counted for ever by rule and bucket', async () => {
  const { ledger, sql } = await freshLedger();
  const one = { rule: 'hidden', bucket: 'lake', count: 2, sampleKey: '.x\0' };
  await Promise.all([
    ledger.objects.countIgnored([one, one]),
    ledger.objects.countIgnored([one]),
    ledger.objects.countIgnored([]),
  ]);
  const { rows } = await sql.query('SELECT rule, bucket, count::int, sample_key FROM sluice.ignored');
  expect(rows).toEqual([{ rule: 'hidden', bucket: 'lake', count: 6, sample_key: '.x\\0' }]);
});

test('counts follow every move of the objects, also when the differences were folded', async () => {
  const { ledger, sql } = await freshLedger();
  const work = await planned(ledger, { count: 3 });
  await ledger.objects.record(arrivals(2, { dataset: 'clicks' }));
  const claim = await claimed(ledger, stepRef(work.batch, 'compact'));
  const bad = { object: work.objects[0]!, kind: 'quarantined', code: 'OBJECT_EMPTY', reason: 'empty' } as const;
  await ledger.steps.commitCompact(
    claim,
    manifestOf(claim, [bad, included(work.objects[1]!), included(work.objects[2]!)]),
    new Date(),
  );
  const counts = await ledger.objects.counts();
  expect(counts).toEqual([
    { dataset: 'clicks', state: 'arrived', objects: 2, bytes: 201 },
    { dataset: 'orders', state: 'compacted', objects: 2, bytes: 203 },
    { dataset: 'orders', state: 'quarantined', objects: 1, bytes: 100 },
  ]);
  await Promise.all([
    ledger.recovery.keepHouse(),
    ledger.recovery.keepHouse(),
    ledger.objects.record(arrivals(1, { dataset: 'new' })),
  ]);
  expect(await ledger.objects.counts()).toEqual([
    counts[0],
    { dataset: 'new', state: 'arrived', objects: 1, bytes: 100 },
    counts[1],
    counts[2],
  ]);
  await ledger.recovery.keepHouse();
  expect((await sql.query('SELECT count(*)::int FROM sluice.tallies')).rows).toEqual([{ count: 4 }]);
});

test('lists are newest first, and each state is found', async () => {
  const { ledger } = await freshLedger();
  const old = (await ledger.objects.record(arrivals(2))).recorded;
  const work = await planned(ledger, { count: 1 });
  expect((await ledger.objects.list({ limit: 1 })).map(({ object }) => object)).toEqual([...work.objects]);
  expect(
    (await ledger.objects.list({ dataset: 'orders', state: 'arrived', limit: 5 })).map(({ object }) => object).sort(),
  ).toEqual([...old].sort());
  expect(await ledger.objects.list({ dataset: 'orders', state: 'batched', limit: 5 })).toMatchObject([
    { object: work.objects[0], batch: work.batch },
  ]);
  expect(await ledger.objects.list({ dataset: 'clicks', limit: 5 })).toEqual([]);
  expect(await ledger.objects.custody(objectId({ ...arrivals(1)[0]!, generation: 0 }))).toBeUndefined();
});
