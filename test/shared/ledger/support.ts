import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { onTestFinished } from 'vitest';
import { type BatchId, newBatchId, type ObjectId } from '../../../src/shared/ids.js';
import type { Manifest, ManifestObject } from '../../../src/shared/ledger/manifest.js';
import { openLedger } from '../../../src/shared/ledger/open.js';
import type { Ledger, LoadTarget, RoutedArrival, StepClaim, StepRef } from '../../../src/shared/ledger/port.js';
import { freshDatabase } from '../../support/databases.js';

/** A migrated ledger in its own database, and a pool to look behind it; both close with the test. */
export async function freshLedger(): Promise<{ ledger: Ledger; sql: Pool; url: string }> {
  const url = await freshDatabase();
  const ledger = await openLedger({ url, maxConnections: 20 });
  const sql = new Pool({ connectionString: url, max: 2 });
  // `end` does not wait for its connections: the database may be dropped under them.
  sql.on('error', () => {});
  onTestFinished(async () => {
    await Promise.all([ledger.close(), sql.end()]);
  });
  await ledger.migrate();
  return { ledger, sql, url };
}

export const PLACE = { dataset: 'orders', partition: 'day=2026-01-01' } as const;
export const WAREHOUSE: LoadTarget = { target: 'warehouse', table: 'orders' };

/** Arrivals with names that no other call gives. */
export function arrivals(count: number, over: Partial<RoutedArrival> = {}): RoutedArrival[] {
  const run = randomBytes(4).toString('hex');
  return Array.from({ length: count }, (_, index) => ({
    ...PLACE,
    bucket: 'lake',
    key: `in/${run}/${index}.csv`,
    eTag: `etag-${index}`,
    size: 100 + index,
    source: 'webhook',
    ...over,
  }));
}

/** Records objects and plans them into one batch. */
export async function planned(
  ledger: Ledger,
  { count = 3, loads = [WAREHOUSE] }: { count?: number; loads?: readonly LoadTarget[] } = {},
): Promise<{ batch: BatchId; objects: readonly ObjectId[] }> {
  const { recorded } = await ledger.objects.record(arrivals(count));
  const batch = newBatchId(Date.now());
  await ledger.plans.commitPlan(PLACE, [{ batch, objects: recorded, configHash: 'c', loads }]);
  return { batch, objects: recorded };
}

export function stepRef(batch: BatchId, step: StepRef['step'], load: LoadTarget = { target: '', table: '' }): StepRef {
  return { batch, step, ...load };
}

/** Claims a step that must be free. */
export async function claimed(ledger: Ledger, ref: StepRef, holder = 'worker-1', leaseMs = 30_000): Promise<StepClaim> {
  const answer = await ledger.steps.claim(ref, holder, leaseMs);
  if (answer.kind !== 'claimed') throw new Error(`expected a claim of ${ref.step}, got ${JSON.stringify(answer)}`);
  return answer.claim;
}

export function included(object: ObjectId, rows = 10): ManifestObject {
  return { object, kind: 'included', rows, sha256: '00' };
}

/** A manifest that fits its objects' outcomes. */
export function manifestOf(claim: StepClaim, objects: readonly ManifestObject[]): Manifest {
  const rows = objects.reduce((sum, object) => sum + (object.kind === 'included' ? object.rows : 0), 0);
  return {
    version: 1,
    batch: claim.batch,
    attempt: claim.attempt,
    dataset: claim.dataset,
    partition: claim.partition,
    schemaVersion: 1,
    configHash: 'c',
    columns: [{ name: 'id', type: 'BIGINT' }],
    artifacts:
      rows === 0
        ? []
        : [{ key: `a/${claim.batch}/${claim.attempt}.parquet`, eTag: 'e', bytes: 50, rows, sha256: '00' }],
    objects,
    rows: { in: rows, out: rows },
    bytes: { in: 300, out: rows === 0 ? 0 : 50 },
  };
}

/** Takes a batch through compact with every object included. */
export async function compacted(ledger: Ledger, { batch, objects }: { batch: BatchId; objects: readonly ObjectId[] }) {
  const claim = await claimed(ledger, stepRef(batch, 'compact'));
  return ledger.steps.commitCompact(
    claim,
    manifestOf(
      claim,
      objects.map((object) => included(object)),
    ),
    new Date(),
  );
}

/** Takes a batch to judged: compact, profile, skew, check, with nothing found. */
export async function judged(ledger: Ledger, work: { batch: BatchId; objects: readonly ObjectId[] }) {
  await compacted(ledger, work);
  for (const step of ['profile', 'skew'] as const) {
    await ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, step)), [], false);
  }
  return ledger.steps.commitFindings(await claimed(ledger, stepRef(work.batch, 'check')), [], false);
}

/** The state of every given object, through the port. */
export async function statesOf(ledger: Ledger, objects: readonly ObjectId[]): Promise<string[]> {
  const all = await Promise.all(objects.map((object) => ledger.objects.custody(object)));
  return all.map((one) => one?.object.state ?? 'unknown');
}

/** Lets time pass for the ledger without waiting: everything that it remembers is that much older. */
export async function passTime(sql: Pool, seconds: number): Promise<void> {
  const ago = `- ${seconds} * interval '1 second'`;
  await sql.query(
    `UPDATE sluice.steps SET lease_until = lease_until ${ago}, not_before = not_before ${ago}, dispatched_at = dispatched_at ${ago}`,
  );
  await sql.query(`UPDATE sluice.partitions SET dispatched_at = dispatched_at ${ago}, plan_at = plan_at ${ago}`);
  await sql.query(`UPDATE sluice.objects SET due_at = due_at ${ago} WHERE due_at IS NOT NULL`);
}

/** A time that many seconds from now. */
export function inSeconds(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}
