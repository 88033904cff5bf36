import { expect, test } from 'vitest';
import { objectId, type ObjectId } from '../../../src/shared/ids.js';
import type { KeyVersion, ObjectState, Surroundings } from '../../../src/shared/ledger/port.js';
import { accountObjects } from '../../../src/workers/compact/accountObjects.js';
import type { CompactedObject } from '../../../src/workers/compact/compactFiles.js';
import {
  type CurrentState,
  type CustodyRules,
  type JudgedInput,
  judgeCustody,
} from '../../../src/workers/compact/judgeCustody.js';

const id = (key: string) => objectId({ bucket: 'lake', key, eTag: 'e', size: 1, generation: 0 });
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

function version(key: string, state: ObjectState, over: Partial<KeyVersion> = {}): KeyVersion {
  return { object: id(key), state, eTag: 'x', size: 1, generation: 0, arrivedAt: at(0), ...over };
}

function input(key: string, over: Partial<JudgedInput> = {}): JudgedInput {
  return {
    object: id(key),
    name: `in/${key}.csv`,
    uri: `s3://lake/in/${key}.csv`,
    sha256: key,
    waived: false,
    ...over,
  };
}

interface Case {
  readonly inputs?: readonly JudgedInput[];
  readonly around?: Partial<Surroundings>;
  readonly current?: CurrentState;
  readonly rules?: Partial<CustodyRules>;
}

function judge({ inputs = [input('me')], around = {}, current, rules = {} }: Case) {
  return judgeCustody({
    inputs,
    surroundings: new Map(inputs.map(({ object }) => [object, { object, arrivedAt: at(9), versions: [], ...around }])),
    current: new Map<ObjectId, CurrentState>(
      current === undefined ? [] : inputs.map(({ object }) => [object, current]),
    ),
    rules: { onOverwrite: 'quarantine', onDuplicateContent: 'quarantine', ...rules },
  });
}

const loaded = { versions: [version('old', 'loaded')] };
const damaged = { versions: [version('old', 'quarantined')] };
const ended = { versions: [version('old', 'superseded')] };
const owner = { owner: { object: id('owner'), uri: 's3://lake/in/owner.csv', sameKey: false } };
const quarantined = { kind: 'aside', state: 'quarantined', code: 'OBJECT_OVERWRITTEN' };
const takes = (...replaces: ObjectId[]) => ({ kind: 'take', custody: { replaces, isCurrent: true, content: 'own' } });
const late = { sequencer: 'AB', versions: [version('old', 'loaded', { sequencer: 'AB01' })] };
const newer = { sequencer: 'AC', versions: [version('old', 'loaded', { sequencer: 'AB01' })] };

test.each<{ name: string; given: Case; verdict: object }>([
  { name: 'the first version of a key is taken', given: {}, verdict: takes() },
  { name: 'a newer one is set aside', given: { around: loaded, current: 'same' }, verdict: quarantined },
  {
    name: 'a newer one beside the older',
    given: { around: loaded, current: 'same', rules: { onOverwrite: 'append' } },
    verdict: takes(),
  },
  {
    name: 'a newer one in place of the older',
    given: { around: loaded, current: 'same', rules: { onOverwrite: 'replace' } },
    verdict: takes(id('old')),
  },
  {
    name: 'an older one that comes late is superseded under replace',
    given: { around: loaded, current: 'other', rules: { onOverwrite: 'replace' } },
    verdict: { kind: 'aside', state: 'superseded', custody: { isCurrent: false, replaces: [] } },
  },
  { name: 'and quarantined otherwise', given: { around: loaded, current: 'other' }, verdict: quarantined },
  {
    name: 'a mended version takes the place of a damaged one',
    given: { around: damaged, current: 'same' },
    verdict: takes(id('old')),
  },
  {
    name: 'each version counts for itself under append, also a damaged one',
    given: { around: damaged, current: 'same', rules: { onOverwrite: 'append' } },
    verdict: takes(),
  },
  { name: 'what was superseded is no version to weigh', given: { around: ended, current: 'same' }, verdict: takes() },
  {
    name: 'a person lets it through beside the older',
    given: { inputs: [input('me', { waived: true })], around: loaded, current: 'same' },
    verdict: { kind: 'take', custody: { content: 'share', replaces: [] } },
  },
  {
    name: 'where the key is gone the sequencer decides, filled up with zeros',
    given: { around: late, current: 'gone', rules: { onOverwrite: 'replace' } },
    verdict: { kind: 'aside', state: 'superseded' },
  },
  {
    name: 'where the key is gone a later sequencer is newer',
    given: { around: newer, current: 'gone', rules: { onOverwrite: 'replace' } },
    verdict: { kind: 'take', custody: { replaces: [id('old')], isCurrent: false } },
  },
  {
    name: 'without sequencers the later arrival is newer',
    given: { around: loaded, current: 'gone', rules: { onOverwrite: 'replace' } },
    verdict: { kind: 'take', custody: { replaces: [id('old')] } },
  },
  {
    name: 'the same bytes under another name are set aside, naming their owner',
    given: { around: owner },
    verdict: {
      kind: 'aside',
      state: 'quarantined',
      code: 'DUPLICATE_CONTENT',
      reason: 'expected bytes that no other object has, got those of s3://lake/in/owner.csv',
      custody: { content: 'copy', owner: id('owner') },
    },
  },
  {
    name: 'or passed over',
    given: { around: owner, rules: { onDuplicateContent: 'ignore' } },
    verdict: { kind: 'aside', state: 'ignored', code: 'DUPLICATE_CONTENT' },
  },
  {
    name: 'or loaded all the same',
    given: { around: owner, rules: { onDuplicateContent: 'load' } },
    verdict: { kind: 'take', custody: { content: 'share' } },
  },
  {
    name: 'the same bytes under the same name are no duplicate',
    given: {
      around: { ...loaded, owner: { ...owner.owner, sameKey: true } },
      current: 'same',
      rules: { onOverwrite: 'append' },
    },
    verdict: { kind: 'take', custody: { content: 'share' } },
  },
])('$name', ({ given, verdict }) => {
  expect(judge(given)).toMatchObject([verdict]);
});

const twins = [input('a', { sha256: 'same' }), input('b', { sha256: 'same' })];
const made = (...answers: CompactedObject[]) => new Map(answers.map((answer) => [answer.object, answer]));
const account = (compacted: ReadonlyMap<string, CompactedObject>, inputs = twins) =>
  accountObjects({
    verdicts: judge({ inputs }),
    compacted,
    uris: new Map(inputs.map(({ object, uri }) => [object, uri])),
    rule: 'quarantine',
  });

test('of equal files in a batch the first is taken and the others are its duplicates', () => {
  expect(judge({ inputs: twins })).toMatchObject([{ kind: 'take' }, { kind: 'twin', of: id('a') }]);
  expect(account(made({ object: id('a'), kind: 'included', rows: 5 }))).toMatchObject({
    objects: [
      { object: id('a'), kind: 'included', rows: 5 },
      { object: id('b'), kind: 'quarantined', code: 'DUPLICATE_CONTENT', reason: expect.stringContaining('in/a.csv') },
    ],
    custody: [{ content: 'own' }, { content: 'copy', owner: id('a') }],
  });
});

test('equal files without rows are no duplicates and claim nothing', () => {
  expect(account(made({ object: id('a'), kind: 'included', rows: 0 }))).toMatchObject({
    objects: [
      { object: id('a'), kind: 'included', rows: 0 },
      { object: id('b'), kind: 'included', rows: 0 },
    ],
    custody: [{ content: 'none' }, { content: 'none' }],
  });
});

test('equal files that are damaged are each set aside as damaged', () => {
  const bad = { object: id('a'), kind: 'quarantined', code: 'OBJECT_CORRUPT', reason: 'cut' } as const;
  expect(account(made(bad))).toMatchObject({
    objects: [bad, { ...bad, object: id('b') }],
    custody: [{ content: 'none' }, { content: 'none' }],
  });
});

test('equal bytes of another format are read for themselves', () => {
  const inputs = [twins[0]!, input('b', { sha256: 'same', name: 'in/b.ndjson' })];
  expect(judge({ inputs })).toMatchObject([
    { kind: 'take', custody: { content: 'own' } },
    { kind: 'take', custody: { content: 'share' } },
  ]);
});

test('an object that is damaged replaces nothing', () => {
  const verdicts = judge({ around: loaded, current: 'same', rules: { onOverwrite: 'replace' } });
  const compacted = made({ object: id('me'), kind: 'quarantined', code: 'OBJECT_CORRUPT', reason: 'cut' });
  const { objects, custody } = accountObjects({ verdicts, compacted, uris: new Map(), rule: 'quarantine' });
  expect(objects).toMatchObject([{ kind: 'quarantined' }]);
  expect(custody).toMatchObject([{ replaces: [], content: 'none', isCurrent: true }]);
});
