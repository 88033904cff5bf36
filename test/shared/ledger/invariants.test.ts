import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { isSluiceError } from '../../../src/shared/errors.js';
import { type BatchId, newBatchId } from '../../../src/shared/ids.js';
import type { ManifestObject } from '../../../src/shared/ledger/manifest.js';
import type { Ledger, RoutedArrival, StepClaim, StepRef } from '../../../src/shared/ledger/port.js';
import { arrivals, freshLedger, manifestOf, PLACE, stepRef, WAREHOUSE } from './support.js';
import { fc } from '../../support/fc.js';

const MIRROR = { target: 'mirror', table: 'orders' };
const SOON = () => new Date(Date.now() - 1000);

const EMPTY = `TRUNCATE sluice.identities, sluice.objects, sluice.tallies, sluice.partitions, sluice.batches, sluice.batch_objects,
  sluice.steps, sluice.findings, sluice.loads`;

/** What the holders did, as far as they know. */
interface World {
  readonly ledger: Ledger;
  readonly known: RoutedArrival[];
  readonly refs: StepRef[];
  readonly claims: StepClaim[];
  /** Commits that were answered with success, per step. */
  readonly commits: Map<string, number>;
}

/** One random act: what to do, and which of the known things to do it to. */
interface Act {
  readonly kind: (typeof ACTS)[number];
  readonly pick: number;
  readonly holder: string;
}

const ACTS = [
  'record',
  'again',
  'plan',
  'plan',
  'work',
  'work',
  'work',
  'work',
  'work',
  'work',
  'claim',
  'claimShort',
  'commit',
  'commit',
  'hold',
  'fail',
  'giveUp',
  'handBack',
  'heartbeat',
  'expireHolder',
  'rearm',
  'reconcile',
  'keepHouse',
] as const;

const acts = fc.array(
  fc.record({ kind: fc.constantFrom(...ACTS), pick: fc.nat(1000), holder: fc.constantFrom('a', 'b', 'c') }),
  { minLength: 120, maxLength: 200 },
);

test('whatever several holders do at once, the promises of the ledger hold', async () => {
  const { ledger, sql } = await freshLedger();
  await fc.assert(
    fc.asyncProperty(acts, async (script) => {
      await sql.query(EMPTY);
      const world: World = { ledger, known: [], refs: [], claims: [], commits: new Map() };
      let before = await look(sql);
      for (let at = 0; at < script.length; at += 4) {
        await Promise.all(script.slice(at, at + 4).map((act) => perform(world, act)));
        const now = await look(sql);
        expect(faults(before, now)).toEqual([]);
        before = now;
      }
      for (const [step, commits] of world.commits) expect(`${step}: ${commits}`).toBe(`${step}: 1`);
    }),
    { numRuns: 15, endOnFailure: true },
  );
}, 180_000);

async function perform(world: World, { kind, pick, holder }: Act): Promise<void> {
  const { ledger, known, refs, claims } = world;
  const claim = claims[pick % Math.max(1, claims.length)];
  const ref = refs[pick % Math.max(1, refs.length)];
  const error = { code: 'STORE_AWAY', message: 'away' } as const;
  switch (kind) {
    case 'record':
      return record(world, arrivals(1 + (pick % 5)));
    case 'again':
      return record(world, known.slice(0, 3));
    case 'plan':
      return plan(world, pick);
    case 'work':
      return ref && work(world, ref, { holder, pick });
    case 'claim':
      return ref && takeClaim(world, ref, { holder, leaseMs: 60_000 });
    case 'claimShort':
      return ref && takeClaim(world, ref, { holder, leaseMs: 0 });
    case 'commit':
      return claim && commit(world, claim, { pick, hold: false });
    case 'hold':
      return claim && pick % 3 === 0 ? commit(world, claim, { pick, hold: true }) : undefined;
    case 'fail':
      return claim && ledger.steps.fail(claim, error, SOON());
    case 'giveUp':
      return claim && ledger.steps.fail(claim, error, undefined);
    case 'handBack':
      return claim && ledger.steps.handBack(claim);
    case 'heartbeat':
      return void (claim && (await ledger.steps.heartbeat(claim, 60_000)));
    case 'expireHolder':
      return void (await ledger.recovery.expireHolder(holder));
    case 'rearm':
      return void (await ledger.recovery.rearmFailed());
    case 'reconcile':
      return void (await Promise.all([
        ledger.recovery.unfinishedSteps(0, 5),
        ledger.recovery.unplannedPartitions(0, 5),
      ]));
    case 'keepHouse':
      return ledger.recovery.keepHouse();
  }
}

async function record({ ledger, known }: World, some: RoutedArrival[]): Promise<void> {
  known.push(...some);
  await ledger.objects.record(some);
  await ledger.plans.dispatch([PLACE]);
}

async function plan({ ledger, refs }: World, pick: number): Promise<void> {
  const pending = await ledger.plans.beginPlan(PLACE, 1 + (pick % 6));
  const half = Math.ceil(pending.length / 2);
  const planned = [pending.slice(0, half), pending.slice(half)].map((part) => ({
    batch: newBatchId(Date.now()),
    objects: part.map(({ object }) => object),
    configHash: 'c',
    loads: [WAREHOUSE, MIRROR].slice(0, pick % 3),
  }));
  for (const { batch } of await ledger.plans.commitPlan(PLACE, planned)) refs.push(...stepsOf(batch));
}

function stepsOf(batch: BatchId): StepRef[] {
  const early = (['compact', 'profile', 'skew', 'check'] as const).map((step) => stepRef(batch, step));
  return [...early, stepRef(batch, 'load', WAREHOUSE), stepRef(batch, 'load', MIRROR)];
}

/** Any ref of the same batch may be the one that is open; the holder tries them in order. */
async function takeClaim(
  { ledger, claims }: World,
  ref: StepRef,
  { holder, leaseMs }: { holder: string; leaseMs: number },
): Promise<void> {
  for (const candidate of stepsOf(ref.batch)) {
    const answer = await ledger.steps.claim(candidate, holder, leaseMs);
    if (answer.kind === 'claimed') return void claims.unshift(answer.claim);
  }
}

/** An honest holder: claims what is open in the batch, commits it, and goes on with what that opened. */
async function work(world: World, ref: StepRef, { holder, pick }: { holder: string; pick: number }): Promise<void> {
  for (let turn = 0; turn < 1 + (pick % 4); turn++) {
    const known = new Set(world.claims);
    await takeClaim(world, ref, { holder, leaseMs: 60_000 });
    const fresh = world.claims.find((claim) => !known.has(claim) && claim.batch === ref.batch);
    if (fresh === undefined) return;
    await commit(world, fresh, { pick, hold: pick % 13 === 0 });
  }
}

async function commit(world: World, claim: StepClaim, { pick, hold }: { pick: number; hold: boolean }): Promise<void> {
  const { steps, read } = world.ledger;
  try {
    if (claim.step === 'compact') {
      const members = (await read.batch(claim.batch))!.objects;
      const outcomes = members.map(({ object }, index) => outcome(object, pick + index));
      await steps.commitCompact(claim, manifestOf(claim, outcomes), SOON());
    } else if (claim.step === 'load') await steps.commitLoad(claim, { rows: pick, committedAt: new Date() });
    else await steps.commitFindings(claim, [{ kind: claim.step, name: 'x', data: pick }], hold);
    const name = `${claim.batch} ${claim.step} ${claim.target}`;
    world.commits.set(name, (world.commits.get(name) ?? 0) + 1);
  } catch (error) {
    if (!isSluiceError(error, 'LEASE_LOST')) throw error;
  }
}

function outcome(object: ManifestObject['object'], pick: number): ManifestObject {
  if (pick % 5 === 0) return { object, kind: 'released', code: 'OBJECT_MISSING', reason: '404' };
  if (pick % 7 === 0) return { object, kind: 'quarantined', code: 'OBJECT_CORRUPT', reason: 'bad' };
  return { object, kind: 'included', rows: pick % 11, sha256: '00' };
}

interface View {
  readonly objects: ReadonlyMap<string, { rank: number; state: string; releases: number }>;
  readonly batches: ReadonlyMap<string, string>;
  readonly steps: ReadonlyMap<string, { state: string; attempt: number }>;
  readonly broken: readonly unknown[];
}

/** What must be empty at any moment. */
const BROKEN: readonly [string, string][] = [
  [
    'in two live batches',
    'SELECT object_id FROM sluice.batch_objects WHERE live GROUP BY object_id HAVING count(*) > 1',
  ],
  [
    'in a batch that it does not know',
    `SELECT o.object_id FROM sluice.objects o JOIN sluice.batch_objects m ON m.object_id = o.object_id AND m.live
     WHERE o.batch_id IS DISTINCT FROM m.batch_id OR o.state IN ('arrived', 'quarantined')`,
  ],
  [
    'without its batch',
    `SELECT o.object_id FROM sluice.objects o WHERE o.state IN ('batched', 'compacted', 'held', 'judged', 'loaded')
     AND NOT EXISTS (SELECT FROM sluice.batch_objects m WHERE m.object_id = o.object_id AND m.live)`,
  ],
  [
    'not following its batch',
    `SELECT o.object_id, o.state, b.state FROM sluice.objects o JOIN sluice.batches b USING (batch_id) WHERE o.state <> 'quarantined'
     AND o.state::text <> CASE b.state WHEN 'planned' THEN 'batched' WHEN 'empty' THEN 'loaded' ELSE b.state::text END`,
  ],
  [
    'a later step open before an earlier one is done',
    `SELECT l.batch_id FROM sluice.steps e JOIN sluice.steps l USING (batch_id)
     WHERE e.rank < l.rank AND e.state <> 'done' AND l.state <> 'waiting'`,
  ],
  [
    'stuck: nothing open, nothing failed, not at its end',
    `SELECT b.batch_id FROM sluice.batches b WHERE b.state IN ('planned', 'compacted', 'judged')
     AND NOT EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state IN ('pending', 'failed'))
     AND (b.state <> 'judged' OR EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.step = 'load'))`,
  ],
  [
    'loaded with a step undone, or done and not loaded',
    `SELECT b.batch_id FROM sluice.batches b WHERE (b.state IN ('loaded', 'empty')
     AND EXISTS (SELECT FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.state <> 'done'))
     OR (b.state = 'loaded') <> (SELECT count(*) > 0 FROM sluice.loads l WHERE l.batch_id = b.batch_id HAVING count(*) =
        (SELECT count(*) FROM sluice.steps s WHERE s.batch_id = b.batch_id AND s.step = 'load'))`,
  ],
  [
    'counted wrong',
    `SELECT dataset, state, sum(n) FROM (SELECT dataset, state, objects AS n, bytes FROM sluice.tallies
     UNION ALL SELECT dataset, state, -1, -size FROM sluice.objects) t GROUP BY dataset, state HAVING sum(n) <> 0 OR sum(bytes) <> 0`,
  ],
  [
    'without an identity',
    'SELECT object_id FROM sluice.objects FULL JOIN sluice.identities USING (object_id, month) WHERE source IS NULL OR objects.object_id IS NULL',
  ],
];

async function look(sql: Pool): Promise<View> {
  const objects = await sql.query(
    'SELECT object_id, sluice.object_rank(state) AS rank, state, releases FROM sluice.objects',
  );
  const batches = await sql.query('SELECT batch_id, state FROM sluice.batches');
  const steps = await sql.query(
    `SELECT concat_ws(' ', batch_id, step, target, table_name) AS name, state, attempt FROM sluice.steps`,
  );
  const broken = [];
  for (const [what, query] of BROKEN) broken.push(...(await sql.query(query)).rows.map((row) => ({ what, ...row })));
  return {
    objects: new Map(objects.rows.map((row) => [row.object_id, row])),
    batches: new Map(batches.rows.map((row) => [row.batch_id, row.state])),
    steps: new Map(steps.rows.map((row) => [row.name, row])),
    broken,
  };
}

/** What went backwards between two looks, and what is broken now. */
function faults(before: View, now: View): readonly unknown[] {
  const found: unknown[] = [...now.broken];
  for (const [object, was] of before.objects) {
    const is = now.objects.get(object);
    const forward = is !== undefined && is.rank >= was.rank && is.releases >= was.releases;
    if (!forward && !(is !== undefined && is.releases > was.releases)) found.push({ object, was, is });
  }
  for (const [step, was] of before.steps) {
    const is = now.steps.get(step);
    if (is === undefined || is.attempt < was.attempt || (was.state === 'done' && is.state !== 'done'))
      found.push({ step, was, is });
  }
  const order = ['planned', 'compacted', 'held', 'judged', 'loaded', 'empty'];
  for (const [batch, was] of before.batches) {
    const is = now.batches.get(batch) ?? '';
    if (order.indexOf(is) < order.indexOf(was)) found.push({ batch, was, is });
  }
  return found;
}
