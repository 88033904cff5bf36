import { expect, test } from 'vitest';
import { newBatchId } from '../../../src/shared/ids.js';
import type { Ledger } from '../../../src/shared/ledger/port.js';
import type { ErrorCode } from '../../../src/shared/errors.js';
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
import { claimed, freshLedger, manifestOf, PLACE, statesOf, stepRef, WAREHOUSE } from './support.js';

const A = arrivalOf('in/a.csv', 'A');
const ask = { who: 'ann', why: 'the producer mended it' };

async function quarantined(ledger: Ledger, code: ErrorCode) {
  await ledger.objects.record([A]);
  const batch = await batchOf(ledger, [idOf(A)]);
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  const bad = { object: idOf(A), kind: 'quarantined', code, reason: 'bad' } as const;
  await ledger.steps.commitCompact(claim, manifestOf(claim, [bad]), new Date());
  return idOf(A);
}

async function held(ledger: Ledger) {
  await ledger.objects.record([A]);
  const batch = await batchOf(ledger, [idOf(A)]);
  await compactWith(ledger, batch, [decided(idOf(A), 'A')]);
  await judgeBatch(ledger, batch, true);
  return batch;
}

test('a replay sends the next generation of an object its way, once, and keeps who and why', async () => {
  const { ledger } = await freshLedger();
  const object = await quarantined(ledger, 'TYPE_CHANGED');
  expect(await ledger.custody.setAside({ limit: 10 })).toMatchObject([
    { kind: 'object', id: object, code: 'TYPE_CHANGED' },
  ]);
  const next = idOf(A, 1);
  const answers = await Promise.all([1, 2, 3].map(() => ledger.custody.decide({ verb: 'replay', id: object, ...ask })));
  expect(answers.map(({ kind }) => kind).sort()).toEqual(['already', 'already', 'done']);
  expect(answers.find(({ kind }) => kind === 'done')).toEqual({
    kind: 'done',
    next: [next],
    partitions: [PLACE],
    steps: [],
  });
  expect(await statesOf(ledger, [object, next, idOf(A, 2)])).toEqual(['superseded', 'arrived', 'unknown']);
  expect(await ledger.custody.decisions(object)).toMatchObject([{ verb: 'replay', ...ask, object, nextObject: next }]);
  expect(await ledger.objects.record([A])).toMatchObject({ recorded: [], outdone: [] });
  expect(await ledger.custody.setAside({ limit: 10 })).toEqual([]);
});

test('an object that is on its way or loaded cannot be decided about; nor can what nobody knows', async () => {
  const { ledger } = await freshLedger();
  const object = await loadedArrival(ledger, A, 'A');
  for (const id of [object, newBatchId(Date.now())])
    expect(await ledger.custody.decide({ verb: 'replay', id, ...ask })).toMatchObject({ kind: 'refused' });
});

test('a release lets through what a rule of custody set aside, and nothing that is damaged', async () => {
  const { ledger } = await freshLedger();
  const object = await quarantined(ledger, 'OBJECT_TRUNCATED');
  expect(await ledger.custody.decide({ verb: 'release', id: object, ...ask })).toMatchObject({ kind: 'refused' });
  const other = await freshLedger();
  const duplicate = await quarantined(other.ledger, 'DUPLICATE_CONTENT');
  await other.ledger.custody.decide({ verb: 'release', id: duplicate, ...ask });
  const batch = await batchOf(other.ledger, [idOf(A, 1)]);
  expect((await other.ledger.read.batch(batch))?.objects).toMatchObject([{ waived: true }]);
});

test('what was discarded stays so, until somebody replays it', async () => {
  const { ledger } = await freshLedger();
  const object = await quarantined(ledger, 'OBJECT_CORRUPT');
  expect(await ledger.custody.decide({ verb: 'discard', id: object, ...ask })).toMatchObject({ kind: 'done' });
  expect(await ledger.custody.decide({ verb: 'discard', id: object, ...ask })).toMatchObject({ kind: 'already' });
  expect(await statesOf(ledger, [object])).toEqual(['ignored']);
  expect(await ledger.custody.decide({ verb: 'replay', id: object, ...ask })).toMatchObject({ kind: 'done' });
  expect(await statesOf(ledger, [object, idOf(A, 1)])).toEqual(['superseded', 'arrived']);
});

test('a held batch that is released goes on to its loads, once', async () => {
  const { ledger } = await freshLedger();
  const batch = await held(ledger);
  expect(await ledger.custody.setAside({ dataset: PLACE.dataset, limit: 10 })).toMatchObject([
    { kind: 'batch', id: batch },
  ]);
  expect(await ledger.custody.setAside({ dataset: 'clicks', limit: 10 })).toEqual([]);
  const answer = await ledger.custody.decide({ verb: 'release', id: batch, ...ask });
  expect(answer).toMatchObject({ kind: 'done', steps: [{ batch, step: 'load', ...WAREHOUSE, dispatch: 1 }] });
  expect(await ledger.custody.decide({ verb: 'release', id: batch, ...ask })).toMatchObject({ kind: 'already' });
  await loadBatch(ledger, batch);
  expect(await statesOf(ledger, [idOf(A)])).toEqual(['loaded']);
});

test('a held batch that is replayed is empty, and its objects go their way anew', async () => {
  const { ledger } = await freshLedger();
  const batch = await held(ledger);
  const answer = await ledger.custody.decide({ verb: 'replay', id: batch, ...ask });
  expect(answer).toMatchObject({ kind: 'done', next: [idOf(A, 1)], partitions: [PLACE], steps: [] });
  expect((await ledger.read.batch(batch))?.row.state).toBe('empty');
  expect(await ledger.recovery.backlog()).toMatchObject([{ pending: 1, openSteps: 0, heldBatches: 0 }]);
  const again = await batchOf(ledger, [idOf(A, 1)]);
  await compactWith(ledger, again, [decided(idOf(A, 1), 'A')]);
  expect(await statesOf(ledger, [idOf(A), idOf(A, 1)])).toEqual(['superseded', 'compacted']);
});

test('the artifacts of a batch are known once its compact is done', async () => {
  const { ledger } = await freshLedger();
  await ledger.objects.record([A]);
  const batch = await batchOf(ledger, [idOf(A)]);
  expect(await ledger.custody.artifacts([batch, newBatchId(1)])).toEqual(new Map([[batch, undefined]]));
  await compactWith(ledger, batch, [decided(idOf(A), 'A')]);
  expect(await ledger.custody.artifacts([batch])).toEqual(new Map([[batch, new Set([`a/${batch}/1.parquet`])]]));
});
