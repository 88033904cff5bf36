import { expect, test } from 'vitest';
import {
  arrivalOf,
  batchOf,
  compactWith,
  decided,
  idOf,
  judgeBatch,
  loadBatch,
  loadedArrival,
} from './custodySupport.js';
import type { Pool, PoolClient } from 'pg';
import type { Statements } from '../../../src/shared/ledger/database.js';
import { readVersions } from '../../../src/shared/ledger/surroundings.js';
import { claimed, freshLedger, manifestOf, PLACE, planned, statesOf, stepRef } from './support.js';

/** The ledger's statements over a connection of the test. */
function statementsOn(client: Pool | PoolClient): Statements {
  return {
    rows: async <T extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query<T>(text, [...values])).rows,
    changed: async (text, values = []) => (await client.query(text, [...values])).rowCount ?? 0,
  };
}

const A = arrivalOf('in/a.csv', 'A');
const B = arrivalOf('in/a.csv', 'BB');

test('the versions of a key and their states stand around an object; those on their way do not', async () => {
  const { ledger } = await freshLedger();
  await loadedArrival(ledger, A, 'A');
  await ledger.objects.record([
    B,
    arrivalOf('in/a.csv', 'CCC'),
    arrivalOf('in/b.csv', 'A'),
    { ...A, dataset: 'clicks' },
  ]);
  const batch = await batchOf(ledger, [idOf(B)]);
  expect(await ledger.custody.surroundings(batch, new Map())).toMatchObject([
    { object: idOf(B), versions: [{ object: idOf(A), state: 'loaded', eTag: 'e-A', size: 1, generation: 0 }] },
  ]);
});

test('versions of a key in one batch, and keys of another bucket, are told apart', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.objects.record([A, B, { ...A, bucket: 'other' }, arrivalOf('in/b.csv', 'A')]);
  const batch = await batchOf(ledger, [idOf(A), idOf(B), idOf(arrivalOf('in/b.csv', 'A'))]);
  const pairs = (await readVersions(statementsOn(sql), batch)).map(({ of, object_id }) => [of, object_id]);
  expect(pairs.sort()).toEqual(
    [
      [idOf(A), idOf(B)],
      [idOf(B), idOf(A)],
    ].sort(),
  );
});

test('statistics that know nothing of a burst do not make its versions cost the square of its objects', async () => {
  const { ledger, sql } = await freshLedger();
  const { batch } = await planned(ledger, { count: 200 });
  // What is left when the table is analyzed while the burst is recorded but not committed.
  await sql.query(
    'UPDATE pg_class SET reltuples = 0, relpages = greatest(relpages, 1) WHERE oid IN (SELECT tableoid FROM sluice.objects)',
  );
  const client = await sql.connect();
  try {
    await client.query('BEGIN');
    expect(await readVersions(statementsOn(client), batch)).toEqual([]);
    const { rows } = await client.query<{ read: string }>(
      `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) AS read FROM pg_stat_xact_user_tables WHERE relname LIKE 'objects\\_%'`,
    );
    expect(Number(rows[0]?.read)).toBeGreaterThan(0);
    expect(Number(rows[0]?.read)).toBeLessThan(200 * 10);
    await client.query('ROLLBACK');
  } finally {
    client.release();
  }
});

test('a commit that saw no version while another batch settled one changes nothing and may look again', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record([A, B]);
  const [first, second] = [await batchOf(ledger, [idOf(A)]), await batchOf(ledger, [idOf(B)])];
  await compactWith(ledger, first, [decided(idOf(A), 'A')]);
  const claim = await claimed(ledger, stepRef(second, 'compact'));
  const manifest = manifestOf(claim, [{ object: idOf(B), kind: 'included', rows: 1, sha256: '00' }]);
  const commit = (over: Partial<ReturnType<typeof decided>>) =>
    ledger.steps.commitCompact(claim, manifest, new Date(), [decided(idOf(B), 'BB', over)]);
  await expect(commit({})).rejects.toMatchObject({ code: 'CUSTODY_MOVED' });
  await expect(commit({ seen: [{ object: idOf(A), live: false }] })).rejects.toMatchObject({ code: 'CUSTODY_MOVED' });
  expect(await statesOf(ledger, [idOf(A), idOf(B)])).toEqual(['compacted', 'batched']);
  await commit({ seen: [{ object: idOf(A), live: true }] });
  expect(await statesOf(ledger, [idOf(A), idOf(B)])).toEqual(['compacted', 'compacted']);
});

test('of two batches that settle versions of one key at once, exactly one commits; the other looks again', async () => {
  const { ledger } = await freshLedger();
  for (let round = 0; round < 10; round++) {
    const versions = ['A', 'BB'].map((bytes) => arrivalOf(`in/${round}.csv`, bytes));
    await ledger.objects.record(versions);
    const batches = await Promise.all(versions.map((version) => batchOf(ledger, [idOf(version)])));
    const outcomes = await Promise.allSettled(
      batches.map((batch, index) => compactWith(ledger, batch, [decided(idOf(versions[index]!), `${round}/${index}`)])),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'CUSTODY_MOVED' });
  }
});

test('a newer version that is loaded supersedes those it replaces, and not before', async () => {
  const { ledger } = await freshLedger();
  const old = await loadedArrival(ledger, A, 'A');
  await ledger.objects.record([B]);
  const batch = await batchOf(ledger, [idOf(B)]);
  await compactWith(ledger, batch, [decided(idOf(B), 'BB', { seen: [{ object: old, live: true }], replaces: [old] })]);
  await judgeBatch(ledger, batch);
  expect(await statesOf(ledger, [old, idOf(B)])).toEqual(['loaded', 'judged']);
  await loadBatch(ledger, batch);
  expect(await statesOf(ledger, [old, idOf(B)])).toEqual(['superseded', 'loaded']);
});

test('an object that replaces another while its batch is on its way leaves that batch, which goes on', async () => {
  const { ledger } = await freshLedger();
  const other = arrivalOf('in/other.csv', 'other');
  await ledger.objects.record([A, B, other]);
  const [first, second] = [await batchOf(ledger, [idOf(A), idOf(other)]), await batchOf(ledger, [idOf(B)])];
  await compactWith(ledger, first, [decided(idOf(A), 'A'), decided(idOf(other), 'other')]);
  await compactWith(ledger, second, [
    decided(idOf(B), 'BB', { seen: [{ object: idOf(A), live: true }], replaces: [idOf(A)] }),
  ]);
  await judgeBatch(ledger, second);
  await loadBatch(ledger, second);
  await judgeBatch(ledger, first);
  await loadBatch(ledger, first);
  expect(await statesOf(ledger, [idOf(A), idOf(B), idOf(other)])).toEqual(['superseded', 'loaded', 'loaded']);
});

test('a newer version without rows goes on, to remove those of the older one', async () => {
  const { ledger } = await freshLedger();
  const old = await loadedArrival(ledger, A, 'A');
  await ledger.objects.record([B]);
  const batch = await batchOf(ledger, [idOf(B)]);
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  const empty = { object: idOf(B), kind: 'included', rows: 0, sha256: '00', replaces: [old] } as const;
  const custody = decided(idOf(B), 'BB', { seen: [{ object: old, live: true }], replaces: [old], content: 'none' });
  const opened = await ledger.steps.commitCompact(claim, manifestOf(claim, [empty]), new Date(), [custody]);
  expect(opened).toMatchObject([{ step: 'profile' }]);
  await judgeBatch(ledger, batch);
  await loadBatch(ledger, batch);
  expect(await statesOf(ledger, [old, idOf(B)])).toEqual(['superseded', 'loaded']);
});

test('content A, B, A again are three objects; a repeated event and a listing of the return are one', async () => {
  const { ledger } = await freshLedger();
  const old = await loadedArrival(ledger, A, 'A');
  expect(await ledger.objects.record([A])).toMatchObject({ recorded: [], duplicates: 1, outdone: [] });
  await ledger.objects.record([B]);
  expect(await ledger.objects.record([A])).toMatchObject({ outdone: [] });
  const batch = await batchOf(ledger, [idOf(B)]);
  await compactWith(ledger, batch, [decided(idOf(B), 'BB', { seen: [{ object: old, live: true }], replaces: [old] })]);
  const back = { ...A, source: 'sweep' };
  expect(await ledger.objects.record([back])).toEqual({ recorded: [], fresh: [], duplicates: 1, outdone: [back] });
  const answers = await Promise.all([1, 2, 3].map(() => ledger.custody.recordCurrent([back])));
  expect(answers.flatMap(({ recorded }) => recorded)).toEqual([idOf(A, 1)]);
  expect(await ledger.objects.record([back])).toMatchObject({ duplicates: 1, outdone: [] });
  expect(await ledger.plans.beginPlan(PLACE, 10)).toMatchObject([{ object: idOf(A, 1), key: 'in/a.csv' }]);
});

test('bytes that were not there when they were fetched may come back', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record([A]);
  const batch = await batchOf(ledger, [idOf(A)]);
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  const gone = { object: idOf(A), kind: 'quarantined', code: 'OBJECT_CHANGED', reason: 'other bytes' } as const;
  await ledger.steps.commitCompact(claim, manifestOf(claim, [gone]), new Date());
  expect(await ledger.objects.record([A])).toMatchObject({ outdone: [A] });
});

test('a third life follows when the second was outdone too', async () => {
  const { ledger } = await freshLedger();
  const old = await loadedArrival(ledger, A, 'A');
  await ledger.objects.record([B]);
  const second = await batchOf(ledger, [idOf(B)]);
  await compactWith(ledger, second, [decided(idOf(B), 'BB', { seen: [{ object: old, live: true }] })]);
  await ledger.custody.recordCurrent([A]);
  const third = await batchOf(ledger, [idOf(A, 1)]);
  const seen = [old, idOf(B)].map((object) => ({ object, live: true }));
  await compactWith(ledger, third, [decided(idOf(A, 1), 'A', { seen, content: 'share' })]);
  expect(await ledger.objects.record([A, B])).toMatchObject({ outdone: [B] });
  await ledger.custody.recordCurrent([B]);
  const fourth = await batchOf(ledger, [idOf(B, 1)]);
  await compactWith(ledger, fourth, [
    decided(idOf(B, 1), 'BB', { seen: [...seen, { object: idOf(A, 1), live: true }], content: 'share' }),
  ]);
  expect(await ledger.objects.record([A, B])).toMatchObject({ outdone: [A] });
  expect((await ledger.custody.recordCurrent([A])).recorded).toEqual([idOf(A, 2)]);
});
