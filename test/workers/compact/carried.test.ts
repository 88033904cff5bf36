import { expect, test } from 'vitest';
import { objectId, type ObjectId } from '../../../src/shared/ids.js';
import type { BatchObject } from '../../../src/shared/ledger/port.js';
import type { CompactedObject, CompactFilesResult } from '../../../src/workers/compact/compactFiles.js';
import { asItIsNow, joinCarried, keepCarried, partReport, replaceGone } from '../../../src/workers/compact/carried.js';
import type { CustodyVerdict } from '../../../src/workers/compact/judgeCustody.js';
import { keepOneVersion } from '../../../src/workers/compact/keepOneVersion.js';

const id = (name: string) => objectId({ bucket: 'lake', key: name, eTag: 'e', size: 1, generation: 0 });
const [NEW, OLD, GONE] = [id('new'), id('old'), id('gone')];
const fetched = (object: ObjectId) => ({ object, name: 'x.csv', file: '/f', sha256: '00' });
const member = (object: ObjectId, over: Partial<BatchObject> = {}): BatchObject => ({
  object,
  bucket: 'lake',
  key: object,
  eTag: 'e',
  size: 1,
  releases: 0,
  generation: 0,
  arrivedAt: new Date(0),
  waived: false,
  carried: false,
  ...over,
});
const take = (object: ObjectId, replaces: readonly ObjectId[] = []): CustodyVerdict => ({
  kind: 'take',
  custody: { object, sha256: '00', seen: [], isCurrent: true, replaces, content: 'share' },
});
const resultOf = (objects: readonly CompactedObject[]): CompactFilesResult => ({
  columns: [{ name: 'id', type: 'BIGINT' }],
  artifacts: [{ path: '/a', rows: 3, bytes: 9 }],
  objects,
  rows: { in: 3, out: 3 },
  aside: [],
});
const answer = (object: ObjectId, rows: number): CompactedObject => ({ object, kind: 'included', rows });

test('what is carried is asked for as it is now, not as the version that it was', () => {
  expect(asItIsNow(member(OLD, { carried: true, versionId: 'v' }))).toEqual(member(OLD, { carried: true }));
  expect(asItIsNow(member(NEW, { versionId: 'v' }))).toEqual(member(NEW, { versionId: 'v' }));
});

test('what older batches brought is parted from what the batch brings, and from what is gone', () => {
  const report = {
    fetched: [fetched(NEW), fetched(OLD)],
    missing: [{ object: GONE, kind: 'released', code: 'OBJECT_MISSING', reason: '' }],
  } as const;
  const objects = [member(NEW), member(OLD, { carried: true }), member(GONE, { carried: true })];
  expect(partReport(report, objects)).toEqual({
    own: { fetched: [fetched(NEW)], missing: [] },
    carried: [fetched(OLD)],
    gone: [GONE],
  });
});

test('nothing is read again for a batch that brings nothing, nor a version whose place a newer one takes', () => {
  const aside: CustodyVerdict = { ...take(NEW), kind: 'aside', state: 'quarantined', code: 'OBJECT_EMPTY', reason: '' };
  expect(keepCarried([fetched(OLD)], [aside])).toEqual([]);
  expect(keepCarried([fetched(OLD)], [take(NEW, [OLD])])).toEqual([]);
  expect(keepCarried([fetched(OLD)], [take(NEW)])).toEqual([fetched(OLD)]);
});

test('the first object that goes on takes the place of those that are gone; where none does, they stay', () => {
  const answers = new Map([[NEW as string, answer(NEW, 1)]]);
  expect(replaceGone([take(NEW)], [GONE], answers).map(({ custody }) => custody.replaces)).toEqual([[GONE]]);
  expect(replaceGone([take(NEW, [GONE])], [GONE], answers).map(({ custody }) => custody.replaces)).toEqual([[GONE]]);
  expect(replaceGone([take(NEW)], [GONE], new Map()).map(({ custody }) => custody.replaces)).toEqual([[]]);
});

test('what is carried is in the account when the batch changes something, and stays with its batches when it does not', () => {
  const account = (rows: number) => ({
    objects: [{ object: NEW, kind: 'included', rows, sha256: '00' }] as const,
    custody: [take(NEW).custody],
  });
  const result = resultOf([answer(NEW, 1), answer(OLD, 2)]);
  expect(joinCarried(account(1), [fetched(OLD)], result)).toMatchObject({
    objects: [{ object: NEW }, { object: OLD, kind: 'included', rows: 2, sha256: '00' }],
    result: { rows: { out: 3 } },
  });
  expect(joinCarried(account(0), [fetched(OLD)], result)).toMatchObject({
    objects: [{ object: NEW }],
    result: { artifacts: [], rows: { in: 0, out: 0 } },
  });
});

test('of two versions of a key in one batch the one that the store shows goes on; where it shows neither, the later one', async () => {
  const [first, second] = [
    member(NEW, { key: 'k', eTag: 'v1', arrivedAt: new Date(1) }),
    member(OLD, { key: 'k', eTag: 'v2', arrivedAt: new Date(2) }),
  ];
  const keep = async (eTag: string | undefined) => {
    const shown = eTag === undefined ? undefined : { key: 'k', eTag, size: 1, lastModified: new Date(0) };
    const verdicts = [take(NEW), take(OLD)];
    const { signal } = new AbortController();
    const kept = await keepOneVersion({ head: async () => shown }, { verdicts, objects: [first, second], signal });
    return kept.map((one) => (one.kind === 'aside' ? one.state : one.kind));
  };
  expect(await keep('v1')).toEqual(['take', 'superseded']);
  expect(await keep('v2')).toEqual(['superseded', 'take']);
  expect(await keep(undefined)).toEqual(['superseded', 'take']);
});
