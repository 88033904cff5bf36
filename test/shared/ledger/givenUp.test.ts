import { expect, test } from 'vitest';
import type { Ledger } from '../../../src/shared/ledger/port.js';
import { arrivalOf, batchOf, compactWith, decided, idOf, judgeBatch, loadBatch } from './custodySupport.js';
import { claimed, freshLedger, PLACE, statesOf, stepRef, WAREHOUSE } from './support.js';

const [A, B] = [arrivalOf('in/a.csv', 'A'), arrivalOf('in/b.csv', 'B')];
const ask = { who: 'ann', why: 'the table was mended' };

/** A batch of A and B whose load gave up. */
async function givenUp(ledger: Ledger, loads = [WAREHOUSE]) {
  await ledger.objects.record([A, B]);
  const batch = await batchOf(ledger, [idOf(A), idOf(B)], loads);
  await compactWith(ledger, batch, [decided(idOf(A), 'A'), decided(idOf(B), 'B')]);
  await judgeBatch(ledger, batch);
  const claim = await claimed(ledger, stepRef(batch, 'load', WAREHOUSE));
  await ledger.steps.fail(claim, { code: 'TARGET_REFUSED', message: 'expected a number' }, undefined);
  return batch;
}

test('a batch that gave up is set aside with its reason, and so are its objects', async () => {
  const { ledger } = await freshLedger();
  const batch = await givenUp(ledger);
  const reason = 'TARGET_REFUSED: expected a number';
  expect(await ledger.custody.setAside({ dataset: PLACE.dataset, limit: 10 })).toMatchObject([
    { kind: 'batch', id: batch, state: 'judged', failedStep: 'load warehouse.orders', reason },
  ]);
  expect(await ledger.custody.setAside({ dataset: 'clicks', limit: 10 })).toEqual([]);
  expect(await ledger.objects.list({ limit: 10 })).toMatchObject([{ reason }, { reason }]);
  expect(await ledger.read.batches(undefined, 10)).toMatchObject([{ reason }]);
});

test('a batch that gave up is released: its failed steps are tried again, and its rows are loaded', async () => {
  const { ledger } = await freshLedger();
  const batch = await givenUp(ledger);
  const release = () => ledger.custody.decide({ verb: 'release', id: batch, ...ask });
  expect(await release()).toMatchObject({ kind: 'done', steps: [{ batch, step: 'load', ...WAREHOUSE }] });
  expect(await release()).toMatchObject({ kind: 'already', decision: { verb: 'release', who: 'ann' } });
  await loadBatch(ledger, batch);
  expect(await statesOf(ledger, [idOf(A), idOf(B)])).toEqual(['loaded', 'loaded']);
});

test('a batch that gave up is replayed or discarded as a whole, and its load can no longer commit', async () => {
  for (const [verb, old, next] of [
    ['replay', 'superseded', 'arrived'],
    ['discard', 'ignored', 'unknown'],
  ] as const) {
    const { ledger } = await freshLedger();
    const batch = await givenUp(ledger);
    expect(await ledger.custody.decide({ verb, id: batch, ...ask })).toMatchObject({ kind: 'done', steps: [] });
    expect(await statesOf(ledger, [idOf(A), idOf(B), idOf(A, 1), idOf(B, 1)])).toEqual([old, old, next, next]);
    expect(await ledger.recovery.rearmFailed()).toBe(0);
    expect(await ledger.steps.claim(stepRef(batch, 'load', WAREHOUSE), 'late', 1000)).toEqual({ kind: 'done' });
    expect((await ledger.read.batch(batch))?.row).toMatchObject({ state: 'empty' });
  }
});

test('one file of a batch that gave up is discarded: the others go their way anew', async () => {
  const { ledger } = await freshLedger();
  const batch = await givenUp(ledger);
  const decide = (verb: 'discard' | 'replay', id: string) => ledger.custody.decide({ verb, id, ...ask });
  expect(await decide('replay', idOf(A))).toMatchObject({ kind: 'refused', reason: expect.stringContaining(batch) });
  expect(await decide('discard', idOf(A))).toMatchObject({ kind: 'done', next: [idOf(B, 1)], partitions: [PLACE] });
  expect(await decide('discard', idOf(A))).toMatchObject({ kind: 'already' });
  expect(await statesOf(ledger, [idOf(A), idOf(B), idOf(B, 1)])).toEqual(['ignored', 'superseded', 'arrived']);
  expect(await ledger.custody.decisions(idOf(A))).toMatchObject([{ verb: 'discard', ...ask, batch }]);
  expect(await ledger.custody.decisions(idOf(B))).toMatchObject([{ verb: 'replay', nextObject: idOf(B, 1) }]);
});

test('one file of a held batch is discarded too', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record([A, B]);
  const batch = await batchOf(ledger, [idOf(A), idOf(B)]);
  await compactWith(ledger, batch, [decided(idOf(A), 'A'), decided(idOf(B), 'B')]);
  await judgeBatch(ledger, batch, true);
  expect(await ledger.custody.decide({ verb: 'discard', id: idOf(B), ...ask })).toMatchObject({ kind: 'done' });
  expect(await statesOf(ledger, [idOf(A), idOf(B), idOf(A, 1)])).toEqual(['superseded', 'ignored', 'arrived']);
});

test('a batch that one of its tables has is only released', async () => {
  const { ledger } = await freshLedger();
  const other = { target: 'warehouse', table: 'copies' };
  const batch = await givenUp(ledger, [WAREHOUSE, other]);
  const claim = await claimed(ledger, stepRef(batch, 'load', other));
  expect(await ledger.custody.decide({ verb: 'discard', id: batch, ...ask })).toMatchObject({ kind: 'refused' });
  await ledger.steps.commitLoad(claim, { rows: 20, committedAt: new Date() });
  for (const [verb, id] of [
    ['discard', batch],
    ['replay', batch],
    ['discard', idOf(A)],
  ] as const)
    expect(await ledger.custody.decide({ verb, id, ...ask })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('warehouse.copies'),
    });
  expect(await ledger.custody.decide({ verb: 'release', id: batch, ...ask })).toMatchObject({ kind: 'done' });
});

test('a commit that waits for an object which another batch supersedes meanwhile leaves it superseded', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.objects.record([A, B]);
  const batch = await batchOf(ledger, [idOf(A), idOf(B)]);
  await compactWith(ledger, batch, [decided(idOf(A), 'A'), decided(idOf(B), 'B')]);
  await judgeBatch(ledger, batch);
  const other = await sql.connect();
  await other.query('BEGIN');
  await other.query("UPDATE sluice.objects SET state = 'superseded' WHERE object_id = $1", [idOf(A)]);
  await other.query('UPDATE sluice.batch_objects SET live = false WHERE object_id = $1', [idOf(A)]);
  const committing = loadBatch(ledger, batch);
  const waits =
    'SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database OR l.database IS NULL WHERE NOT l.granted AND d.datname = current_database()';
  while ((await sql.query(waits)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await other.query('COMMIT');
  other.release();
  await committing;
  expect(await statesOf(ledger, [idOf(A), idOf(B)])).toEqual(['superseded', 'loaded']);
});
