import { expect, test } from 'vitest';
import { asBatchId, type BatchId, newBatchId, type ObjectId } from '../../../src/shared/ids.js';
import type { ManifestObject } from '../../../src/shared/ledger/manifest.js';
import type { Ledger, LoadTarget, ReplaceAnswer, ReplaceScope } from '../../../src/shared/ledger/port.js';
import { arrivalOf, decided, idOf, judgeBatch, loadBatch } from './custodySupport.js';
import { claimed, freshLedger, included, manifestOf, PLACE, statesOf, stepRef, WAREHOUSE } from './support.js';

const CAPS = { maxFiles: 10, maxBytes: 1000 };
const OTHER: LoadTarget = { target: 'warehouse', table: 'copies' };

interface Ask {
  readonly partition?: string;
  readonly scope?: ReplaceScope;
  readonly batch?: BatchId;
  readonly loads?: readonly LoadTarget[];
  readonly caps?: typeof CAPS;
}

function plan(ledger: Ledger, objects: readonly ObjectId[], ask: Ask = {}): Promise<ReplaceAnswer> {
  const { partition = PLACE.partition, scope = 'partition', batch = newBatchId(Date.now()), loads = [WAREHOUSE] } = ask;
  return ledger.replaces.commitReplace({
    place: { ...PLACE, partition },
    scope,
    batch: { batch, objects, configHash: 'c', loads },
    caps: ask.caps ?? CAPS,
  });
}

/** Records a file of a partition. */
async function arrived(ledger: Ledger, name: string, partition: string = PLACE.partition): Promise<ObjectId> {
  const arrival = arrivalOf(`in/${name}`, name, { partition });
  await ledger.objects.record([arrival]);
  return idOf(arrival);
}

async function planned(ledger: Ledger, objects: readonly ObjectId[], ask: Ask = {}): Promise<BatchId> {
  const answer = await plan(ledger, objects, ask);
  if (answer.kind !== 'planned') throw new Error(`expected a batch, got ${JSON.stringify(answer)}`);
  return answer.batch;
}

/** Commits compact: the batch's own objects are decided about, what it carries is as given. */
async function compact(
  ledger: Ledger,
  batch: BatchId,
  own: readonly ObjectId[],
  carried: readonly ManifestObject[] = [],
) {
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  const manifest = manifestOf(claim, [...own.map((object) => included(object)), ...carried]);
  const custody = own.map((object) => decided(object, object, { content: 'share' }));
  return ledger.steps.commitCompact(claim, manifest, new Date(), custody);
}

async function loaded(ledger: Ledger, own: readonly ObjectId[], carried: readonly ObjectId[] = [], ask: Ask = {}) {
  const batch = await planned(ledger, own, ask);
  await compact(
    ledger,
    batch,
    own,
    carried.map((object) => included(object)),
  );
  await judgeBatch(ledger, batch);
  await loadBatch(ledger, batch);
  return batch;
}

async function stateOf(ledger: Ledger, batch: BatchId) {
  return (await ledger.read.batch(batch))?.row.state;
}

test('what a batch carries stays loaded and its older batch’s until the newer one is loaded; then the older one is superseded', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const first = await loaded(ledger, [a]);
  const b = await arrived(ledger, 'b');
  const second = await planned(ledger, [b]);
  expect((await ledger.read.batch(second))?.objects).toMatchObject([
    { object: b, carried: false },
    { object: a, carried: true },
  ]);
  await compact(ledger, second, [b], [included(a)]);
  await judgeBatch(ledger, second);
  expect(await statesOf(ledger, [a, b])).toEqual(['loaded', 'judged']);
  expect((await ledger.objects.custody(a))?.object.batch).toBe(first);
  await loadBatch(ledger, second);
  expect(await statesOf(ledger, [a, b])).toEqual(['loaded', 'loaded']);
  expect((await ledger.objects.custody(a))?.object.batch).toBe(second);
  expect([await stateOf(ledger, first), await stateOf(ledger, second)]).toEqual(['superseded', 'loaded']);
  expect(await ledger.custody.decide({ verb: 'replay', id: first, who: 'me', why: '' })).toMatchObject({
    kind: 'refused',
  });
});

test('one batch of a scope is under way at a time; other partitions do not wait, other exports of a table do', async () => {
  const { ledger } = await freshLedger();
  await planned(ledger, [await arrived(ledger, 'a')]);
  const b = await arrived(ledger, 'b');
  expect(await plan(ledger, [b])).toEqual({ kind: 'busy' });
  const c = await arrived(ledger, 'c', 'day=2026-01-02');
  expect(await plan(ledger, [c], { partition: 'day=2026-01-02', scope: 'table' })).toEqual({ kind: 'busy' });
  expect(await plan(ledger, [c], { partition: 'day=2026-01-02' })).toMatchObject({ kind: 'planned', carried: 0 });
  expect(await statesOf(ledger, [b])).toEqual(['arrived']);
});

test('two plans of a partition at once make one batch', async () => {
  const { ledger } = await freshLedger();
  const [a, b] = [await arrived(ledger, 'a'), await arrived(ledger, 'b')];
  const answers = await Promise.all([plan(ledger, [a]), plan(ledger, [a, b]), plan(ledger, [b])]);
  expect(answers.filter(({ kind }) => kind === 'planned')).toHaveLength(1);
  expect(await plan(ledger, [a])).toEqual({ kind: 'busy' });
});

test('a batch sorts behind every batch of its dataset, whatever the clock of the worker that plans it', async () => {
  const { ledger } = await freshLedger();
  const ahead = await loaded(ledger, [await arrived(ledger, 'a')], [], { batch: newBatchId(Date.now() + 3_600_000) });
  const second = await planned(ledger, [await arrived(ledger, 'b')]);
  expect(second > ahead).toBe(true);
});

test('a held batch and one that gave up stand still until their objects go their way again', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const held = await planned(ledger, [a]);
  await compact(ledger, held, [a]);
  await judgeBatch(ledger, held, true);
  const b = await arrived(ledger, 'b');
  expect(await plan(ledger, [b])).toEqual({ kind: 'stalled', batches: [held] });
  await ledger.custody.decide({ verb: 'replay', id: held, who: 'sluice', why: 'newer files came' });
  const again = idOf(arrivalOf('in/a', 'a'), 1);
  const next = await planned(ledger, [b, again]);
  await ledger.steps.fail(
    await claimed(ledger, stepRef(next, 'compact')),
    { code: 'INTERNAL', message: '' },
    undefined,
  );
  expect(await plan(ledger, [await arrived(ledger, 'c')])).toEqual({ kind: 'stalled', batches: [next] });
});

test('a batch that one table has and another refused is carried by the next one, which both tables get', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const half = await planned(ledger, [a], { loads: [WAREHOUSE, OTHER] });
  await compact(ledger, half, [a]);
  await judgeBatch(ledger, half);
  await loadBatch(ledger, half);
  const refused = await claimed(ledger, stepRef(half, 'load', OTHER));
  await ledger.steps.fail(refused, { code: 'TARGET_MISMATCH', message: 'no' }, undefined);
  const b = await arrived(ledger, 'b');
  await loaded(ledger, [b], [a]);
  expect(await statesOf(ledger, [a, b])).toEqual(['loaded', 'loaded']);
  expect(await stateOf(ledger, half)).toBe('superseded');
  expect(await ledger.recovery.rearmFailed()).toBe(0);
});

test('what was compacted when the dataset had no table to load is carried into the first one', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const unloaded = await planned(ledger, [a], { loads: [] });
  await compact(ledger, unloaded, [a]);
  await judgeBatch(ledger, unloaded);
  const b = await arrived(ledger, 'b');
  await loaded(ledger, [b], [a]);
  expect(await statesOf(ledger, [a, b])).toEqual(['loaded', 'loaded']);
  expect(await stateOf(ledger, unloaded)).toBe('superseded');
});

test('what a batch could carry and not read any more is quarantined when it is loaded, and can be replayed', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  await loaded(ledger, [a]);
  const b = await arrived(ledger, 'b');
  const second = await planned(ledger, [b]);
  await compact(ledger, second, [b], [{ object: a, kind: 'quarantined', code: 'TYPE_CHANGED', reason: 'a text' }]);
  await judgeBatch(ledger, second);
  expect(await statesOf(ledger, [a])).toEqual(['loaded']);
  await loadBatch(ledger, second);
  expect(await ledger.objects.list({ state: 'quarantined', limit: 9 })).toMatchObject([
    { object: a, code: 'TYPE_CHANGED' },
  ]);
  expect(await ledger.custody.decide({ verb: 'replay', id: a, who: 'me', why: '' })).toMatchObject({ kind: 'done' });
});

test('an older export is superseded unread; a newer one takes the place of the whole table', async () => {
  const { ledger } = await freshLedger();
  const day = (number: number) => ({ partition: `day=2026-01-0${number}`, scope: 'table' }) as const;
  const second = await arrived(ledger, 'b', day(2).partition);
  const first = await loaded(ledger, [second], [], day(2));
  const late = await arrived(ledger, 'a', day(1).partition);
  expect(await plan(ledger, [late], day(1))).toEqual({ kind: 'outdated', by: day(2).partition });
  const [third, fourth] = [await arrived(ledger, 'c', day(3).partition), await arrived(ledger, 'd', day(4).partition)];
  expect(await plan(ledger, [third], day(3))).toEqual({ kind: 'busy' });
  await loaded(ledger, [fourth], [], day(4));
  expect(await plan(ledger, [third], day(3))).toEqual({ kind: 'outdated', by: day(4).partition });
  expect(await statesOf(ledger, [late, second, third, fourth])).toEqual([
    'superseded',
    'superseded',
    'superseded',
    'loaded',
  ]);
  expect(await stateOf(ledger, first)).toBe('superseded');
});

test('a later export that cannot be read leaves the table to the one before; one that is held keeps it waiting for a decision', async () => {
  const { ledger } = await freshLedger();
  const day = (number: number) => ({ partition: `day=2026-01-0${number}`, scope: 'table' }) as const;
  const [third, broken] = [await arrived(ledger, 'c', day(3).partition), await arrived(ledger, 'd', day(4).partition)];
  const empty = await planned(ledger, [broken], day(4));
  expect(await plan(ledger, [third], day(3))).toEqual({ kind: 'busy' });
  const claim = await claimed(ledger, stepRef(empty, 'compact'));
  const lines = [{ object: broken, kind: 'quarantined', code: 'FORMAT_UNSUPPORTED', reason: 'none' } as const];
  await ledger.steps.commitCompact(claim, manifestOf(claim, lines), new Date(), [
    decided(broken, 'd', { content: 'none', isCurrent: false }),
  ]);
  await loaded(ledger, [third], [], day(3));
  expect(await statesOf(ledger, [third, broken])).toEqual(['loaded', 'quarantined']);
  const fifth = await arrived(ledger, 'e', day(5).partition);
  const held = await planned(ledger, [fifth], day(5));
  await compact(ledger, held, [fifth]);
  await judgeBatch(ledger, held, true);
  const again = await arrived(ledger, 'f', day(4).partition);
  expect(await plan(ledger, [again], day(4))).toEqual({ kind: 'outdated', by: day(5).partition });
  expect(await statesOf(ledger, [again, fifth])).toEqual(['quarantined', 'held']);
  expect(await ledger.custody.decide({ verb: 'replay', id: again, who: 'me', why: '' })).toMatchObject({
    kind: 'done',
  });
});

test('a file that is written anew counts once; while files of a partition are set aside as too large, nothing replaces it', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const first = await loaded(ledger, [a]);
  const anew = arrivalOf('in/a', 'a2', {});
  await ledger.objects.record([anew]);
  const one = { caps: { ...CAPS, maxFiles: 1 } };
  const b = await arrived(ledger, 'b');
  expect(await plan(ledger, [idOf(anew), b], one)).toMatchObject({ kind: 'tooLarge', files: 2 });
  const c = await arrived(ledger, 'c');
  expect(await plan(ledger, [c])).toMatchObject({ kind: 'tooLarge' });
  expect(await statesOf(ledger, [a, idOf(anew), b, c])).toEqual([
    'loaded',
    'quarantined',
    'quarantined',
    'quarantined',
  ]);
  expect(await stateOf(ledger, first)).toBe('loaded');
  for (const id of [idOf(anew), b, c]) await ledger.custody.decide({ verb: 'discard', id, who: 'me', why: '' });
  const last = arrivalOf('in/a', 'a3', {});
  await ledger.objects.record([last]);
  expect(await plan(ledger, [idOf(last)], one)).toMatchObject({ kind: 'planned', carried: 1 });
});

test('what would be too large for one batch is set aside, and the partition stays as it is', async () => {
  const { ledger } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const first = await loaded(ledger, [a]);
  const b = await arrived(ledger, 'b');
  expect(await plan(ledger, [b], { caps: { ...CAPS, maxFiles: 1 } })).toEqual({ kind: 'tooLarge', files: 2, bytes: 2 });
  expect(await statesOf(ledger, [a, b])).toEqual(['loaded', 'quarantined']);
  expect(await stateOf(ledger, first)).toBe('loaded');
  expect(await ledger.custody.decide({ verb: 'replay', id: b, who: 'me', why: 'raised' })).toMatchObject({
    kind: 'done',
  });
  expect(await plan(ledger, [b])).toEqual({ kind: 'void' });
});

test('a superseded batch answers for its artifacts one day more, and rows that were set aside keep their id', async () => {
  const { ledger, sql } = await freshLedger();
  const a = await arrived(ledger, 'a');
  const batch = await planned(ledger, [a]);
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  const file = (key: string) => ({ key, eTag: 'e', bytes: 1, rows: 1, sha256: '00' });
  const aside = (key: string) => [
    { artifact: file(key), objects: [{ object: a, rows: 1, code: 'ROW_UNREADABLE' as const, reason: 'x' }] },
  ];
  const manifest = { ...manifestOf(claim, [included(a)]), artifacts: [file('p/1')], aside: aside('p/rows') };
  await ledger.steps.commitCompact(claim, manifest, new Date(), [decided(a, 'a', { content: 'share' })]);
  await judgeBatch(ledger, batch);
  await loadBatch(ledger, batch);
  const b = await arrived(ledger, 'b');
  const second = await planned(ledger, [b]);
  const next = await claimed(ledger, stepRef(second, 'compact'));
  const both = { ...manifestOf(next, [included(b), included(a)]), artifacts: [file('p/2')], aside: aside('p/rows-2') };
  await ledger.steps.commitCompact(next, both, new Date(), [decided(b, 'b', { content: 'share' })]);
  await judgeBatch(ledger, second);
  await loadBatch(ledger, second);
  const expectArtifacts = async (ofFirst: readonly string[]) =>
    expect(await ledger.custody.artifacts([batch, second])).toEqual(
      new Map([
        [batch, new Set(ofFirst)],
        [second, new Set(['p/2', 'p/rows-2'])],
      ]),
    );
  const hoursLater = (hours: number) =>
    sql.query(`UPDATE sluice.steps SET done_at = done_at - interval '1 hour' * $1`, [hours]);
  await expectArtifacts(['p/1', 'p/rows']);
  await hoursLater(23);
  await expectArtifacts(['p/1', 'p/rows']);
  await hoursLater(2);
  await expectArtifacts(['p/rows']);
  const { rows } = await sql.query<{ batch_id: string }>('SELECT batch_id FROM sluice.row_quarantines');
  expect(rows.map((row) => asBatchId(row.batch_id))).toEqual([batch]);
  const [set] = await ledger.custody.rowsAside(a);
  const rowsFile = { bucket: 'lake', key: '_replay/x', eTag: 'r', size: 1 };
  expect(await ledger.custody.decide({ verb: 'replay', id: set!.rowsId, who: 'me', why: '', rowsFile })).toMatchObject({
    kind: 'refused',
    reason: expect.stringContaining('mode replace'),
  });
});
