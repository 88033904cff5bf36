import { expect, test } from 'vitest';
import type { ObjectId } from '../../../src/shared/ids.js';
import type { Ledger } from '../../../src/shared/ledger/port.js';
import {
  arrivalOf,
  batchOf,
  compactWith,
  decided,
  hashOf,
  idOf,
  judgeBatch,
  loadBatch,
  loadedArrival,
} from './custodySupport.js';
import { freshLedger, PLACE, statesOf } from './support.js';

const owner = arrivalOf('in/owner.csv', 'same');
const resent = arrivalOf('in/resent.csv', 'same');

async function duplicateOf(ledger: Ledger, object: ObjectId): Promise<ObjectId> {
  await ledger.objects.record([resent]);
  const batch = await batchOf(ledger, [idOf(resent)]);
  await compactWith(ledger, batch, [decided(idOf(resent), 'same', { content: 'copy', owner: object })]);
  return idOf(resent);
}

const who = { who: 'ann', why: 'test' };

test('the owner of a content stands around every object with the same bytes, in its dataset', async () => {
  const { ledger } = await freshLedger();
  const object = await loadedArrival(ledger, owner, 'same');
  await ledger.objects.record([resent]);
  const batch = await batchOf(ledger, [idOf(resent)]);
  const [around] = await ledger.custody.surroundings(batch, new Map([[idOf(resent), hashOf('same')]]));
  expect(around?.owner).toEqual({ object, uri: 's3://lake/in/owner.csv', sameKey: false });
  const [other] = await ledger.custody.surroundings(batch, new Map([[idOf(resent), hashOf('other')]]));
  expect(other?.owner).toBeUndefined();
});

test('two batches that hash the same bytes at once: exactly one owns them', async () => {
  const { ledger, sql } = await freshLedger();
  for (let round = 0; round < 10; round++) {
    const twins = ['x', 'y'].map((name) => arrivalOf(`in/${round}-${name}.csv`, 'twin'));
    await ledger.objects.record(twins);
    const batches = await Promise.all(twins.map((twin) => batchOf(ledger, [idOf(twin)])));
    const outcomes = await Promise.allSettled(
      batches.map((batch, index) => compactWith(ledger, batch, [decided(idOf(twins[index]!), `twin ${round}`)])),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'CUSTODY_MOVED' });
  }
  expect((await sql.query('SELECT count(*)::int AS n FROM sluice.contents')).rows).toEqual([{ n: 10 }]);
});

test('objects without rows claim nothing, however many share their bytes', async () => {
  const { ledger, sql } = await freshLedger();
  const headers = [1, 2, 3].map((day) => arrivalOf(`in/${day}.csv`, 'header'));
  await ledger.objects.record(headers);
  const batch = await batchOf(
    ledger,
    headers.map((one) => idOf(one)),
  );
  await compactWith(
    ledger,
    batch,
    headers.map((one) => decided(idOf(one), 'header', { content: 'none' })),
  );
  expect((await sql.query('SELECT FROM sluice.contents')).rowCount).toBe(0);
});

test('a copy may not be noted when its owner has given the content up meanwhile', async () => {
  const { ledger } = await freshLedger();
  await loadedArrival(ledger, owner, 'same');
  await expect(duplicateOf(ledger, idOf(arrivalOf('in/gone.csv', 'same')))).rejects.toMatchObject({
    code: 'CUSTODY_MOVED',
  });
});

test('an owner that is superseded gives its content up, and who waited goes its way again', async () => {
  const { ledger } = await freshLedger();
  const object = await loadedArrival(ledger, owner, 'same');
  const waiter = await duplicateOf(ledger, object);
  const newer = arrivalOf(owner.key, 'newer');
  await ledger.objects.record([newer]);
  const batch = await batchOf(ledger, [idOf(newer)]);
  await compactWith(ledger, batch, [
    decided(idOf(newer), 'newer', { seen: [{ object, live: true }], replaces: [object] }),
  ]);
  await judgeBatch(ledger, batch);
  expect(await loadBatch(ledger, batch)).toEqual([PLACE]);
  const next = idOf(resent, 1);
  expect(await statesOf(ledger, [object, waiter, next])).toEqual(['superseded', 'superseded', 'arrived']);
  expect(await ledger.custody.decisions(waiter)).toMatchObject([{ verb: 'requeue', who: 'sluice', nextObject: next }]);
  const again = await batchOf(ledger, [next]);
  await compactWith(ledger, again, [decided(next, 'same')]);
});

test('a copy that was let through inherits the content, and who waits goes on waiting', async () => {
  const { ledger, sql } = await freshLedger();
  await ledger.objects.record([owner]);
  const held = await batchOf(ledger, [idOf(owner)]);
  await compactWith(ledger, held, [decided(idOf(owner), 'same')]);
  await judgeBatch(ledger, held, true);
  const shared = arrivalOf('in/shared.csv', 'same');
  await ledger.objects.record([shared]);
  await compactWith(ledger, await batchOf(ledger, [idOf(shared)]), [
    decided(idOf(shared), 'same', { content: 'share' }),
  ]);
  const waiter = await duplicateOf(ledger, idOf(owner));
  expect(await ledger.custody.decide({ verb: 'discard', id: held, ...who })).toMatchObject({ kind: 'done' });
  expect(await statesOf(ledger, [idOf(owner), idOf(shared), waiter])).toEqual(['ignored', 'compacted', 'quarantined']);
  expect((await sql.query('SELECT object_id FROM sluice.contents')).rows).toEqual([{ object_id: idOf(shared) }]);
});

test('a waiter that a person gave up waits no longer', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record([owner]);
  const held = await batchOf(ledger, [idOf(owner)]);
  await compactWith(ledger, held, [decided(idOf(owner), 'same')]);
  await judgeBatch(ledger, held, true);
  const waiter = await duplicateOf(ledger, idOf(owner));
  await ledger.custody.decide({ verb: 'discard', id: waiter, ...who });
  await ledger.custody.decide({ verb: 'discard', id: held, ...who });
  expect(await statesOf(ledger, [idOf(owner), waiter, idOf(resent, 1)])).toEqual(['ignored', 'ignored', 'unknown']);
});
