import { expect, test } from 'vitest';
import { asObjectId } from '../../../src/shared/ids.js';
import type { AuditObject } from '../../../src/shared/ledger/port.js';
import { type AuditVerdict, judgeObject, type TargetCount } from '../../../src/workers/maintain/judgeObject.js';

const at = (present: number, more: Partial<Exclude<TargetCount, { error: string }>> = {}): TargetCount => ({
  present,
  unchanged: 0,
  overwritten: 0,
  removed: 0,
  ...more,
});
const away: TargetCount = { error: 'TARGET_AWAY: gone' };

const TABLE = { target: 'warehouse', table: 'orders' };

const cases: readonly {
  name: string;
  object?: Partial<AuditObject>;
  counts: readonly TargetCount[];
  required?: boolean;
  verdict: AuditVerdict;
}[] = [
  { name: 'every row is present', counts: [at(10)], verdict: 'balanced' },
  { name: 'a row is missing in the target', counts: [at(9)], verdict: 'unbalanced' },
  { name: 'a row is in the target twice', counts: [at(11)], verdict: 'unbalanced' },
  { name: 'one of two tables lacks a row', counts: [at(10), at(9)], verdict: 'unbalanced' },
  { name: 'loaded, but no table is known', counts: [], verdict: 'unbalanced' },
  { name: 'loaded without a row, no table known', object: { rowsIn: 0 }, counts: [], verdict: 'balanced' },
  {
    name: 'rows set aside make up the rest',
    object: { rowsQuarantined: 1, rowsDeduplicated: 2, rowsFiltered: 3 },
    counts: [at(4)],
    verdict: 'balanced',
  },
  {
    name: 'rows that an upsert met make up the rest',
    counts: [at(4, { unchanged: 1, overwritten: 2, removed: 3 })],
    verdict: 'balanced',
  },
  { name: 'the target cannot be counted', counts: [at(10), away], verdict: 'unverified' },
  { name: 'still on its way', object: { state: 'compacted' }, counts: [at(10)], verdict: 'pending' },
  { name: 'held back', object: { state: 'held' }, counts: [], verdict: 'pending' },
  { name: 'judged and waiting for its load', object: { state: 'judged' }, counts: [], verdict: 'pending' },
  {
    name: 'judged where nothing is loaded',
    object: { state: 'judged' },
    counts: [],
    required: false,
    verdict: 'balanced',
  },
  { name: 'quarantined, no row present', object: { state: 'quarantined' }, counts: [at(0)], verdict: 'balanced' },
  {
    name: 'quarantined, yet a row is present',
    object: { state: 'quarantined' },
    counts: [at(1)],
    verdict: 'unbalanced',
  },
  { name: 'ignored, yet a row is present', object: { state: 'ignored' }, counts: [at(1)], verdict: 'unbalanced' },
  {
    name: 'superseded, every row removed',
    object: { state: 'superseded', loads: [TABLE] },
    counts: [at(0, { removed: 10 })],
    verdict: 'balanced',
  },
  {
    name: 'superseded, a row is still there',
    object: { state: 'superseded', loads: [TABLE] },
    counts: [at(1, { removed: 9 })],
    verdict: 'unbalanced',
  },
  {
    name: 'superseded, a row left that nobody removed',
    object: { state: 'superseded', loads: [TABLE] },
    counts: [at(0, { removed: 9 })],
    verdict: 'unbalanced',
  },
  {
    name: 'superseded after rows were set aside, the rest removed',
    object: { state: 'superseded', loads: [TABLE], rowsQuarantined: 4 },
    counts: [at(0, { removed: 6 })],
    verdict: 'balanced',
  },
  {
    name: 'superseded before it was loaded (a replay, a late older version)',
    object: { state: 'superseded' },
    counts: [at(0)],
    verdict: 'balanced',
  },
  {
    name: 'superseded before it was loaded, yet a row is present',
    object: { state: 'superseded' },
    counts: [at(1)],
    verdict: 'unbalanced',
  },
  {
    name: 'superseded, target away',
    object: { state: 'superseded', loads: [TABLE] },
    counts: [away],
    verdict: 'unverified',
  },
  {
    name: 'loaded, its rows removed by a newer version that the ledger has not noted yet',
    object: { loads: [TABLE] },
    counts: [at(0, { removed: 10 })],
    verdict: 'balanced',
  },
  { name: 'quarantined, target away', object: { state: 'quarantined' }, counts: [away], verdict: 'unverified' },
];

test.each(cases)('$name: $verdict', ({ object, counts, required = true, verdict }) => {
  const whole: AuditObject = {
    object: asObjectId('00000000-0000-0000-0000-000000000001'),
    uri: 's3://lake/a.csv',
    state: 'loaded',
    rowsIn: 10,
    rowsQuarantined: 0,
    rowsDeduplicated: 0,
    rowsFiltered: 0,
    loads: [],
    ...object,
  };
  expect(judgeObject(whole, counts, required)).toBe(verdict);
});
