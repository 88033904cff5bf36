import { createHash } from 'node:crypto';
import { newBatchId, objectId, type BatchId, type ObjectId } from '../../../src/shared/ids.js';
import type { Finding, Ledger, LoadTarget, ObjectCustody, RoutedArrival } from '../../../src/shared/ledger/port.js';
import { claimed, included, manifestOf, PLACE, stepRef, WAREHOUSE } from './support.js';

/** An arrival of a key with these bytes. */
export function arrivalOf(key: string, bytes: string, over: Partial<RoutedArrival> = {}): RoutedArrival {
  return { ...PLACE, bucket: 'lake', key, eTag: `e-${bytes}`, size: bytes.length, source: 'webhook', ...over };
}

export function idOf(arrival: RoutedArrival, generation = 0): ObjectId {
  return objectId({ ...arrival, generation });
}

export function hashOf(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Plans objects that are pending into one batch. */
export async function batchOf(
  ledger: Ledger,
  objects: readonly ObjectId[],
  loads: readonly LoadTarget[] = [WAREHOUSE],
): Promise<BatchId> {
  const batch = newBatchId(Date.now());
  const steps = await ledger.plans.commitPlan(PLACE, [{ batch, objects, configHash: 'c', loads }]);
  if (steps.length !== 1) throw new Error('expected the objects to be pending');
  return batch;
}

/** How compact decided about an object that nothing stands around, unless told otherwise. */
export function decided(object: ObjectId, bytes: string, over: Partial<ObjectCustody> = {}): ObjectCustody {
  return { object, sha256: hashOf(bytes), seen: [], isCurrent: true, replaces: [], content: 'own', ...over };
}

/** Commits compact of a batch in which every object has ten rows. */
export async function compactWith(ledger: Ledger, batch: BatchId, custody: readonly ObjectCustody[]) {
  const claim = await claimed(ledger, stepRef(batch, 'compact'), `worker-${batch}`);
  const objects = custody.map(({ object, replaces, content }) => {
    const code = 'DUPLICATE_CONTENT' as const;
    if (content === 'copy') return { object, kind: 'quarantined', code, reason: 'the same bytes' } as const;
    return { ...included(object), ...(replaces.length === 0 ? {} : { replaces }) };
  });
  return ledger.steps.commitCompact(claim, manifestOf(claim, objects), new Date(), custody);
}

/** Takes a compacted batch through its checks; `hold` keeps it back there. */
export async function judgeBatch(ledger: Ledger, batch: BatchId, hold = false, profile: readonly Finding[] = []) {
  await ledger.steps.commitFindings(await claimed(ledger, stepRef(batch, 'profile')), profile, false);
  await ledger.steps.commitFindings(await claimed(ledger, stepRef(batch, 'skew')), [], false);
  return ledger.steps.commitFindings(await claimed(ledger, stepRef(batch, 'check')), [], hold);
}

/** Takes a judged batch to loaded. */
export async function loadBatch(ledger: Ledger, batch: BatchId) {
  const claim = await claimed(ledger, stepRef(batch, 'load', WAREHOUSE));
  return ledger.steps.commitLoad(claim, { rows: 10, committedAt: new Date() });
}

/** Takes one arrival all the way to loaded, as the first version of its key. */
export async function loadedArrival(ledger: Ledger, arrival: RoutedArrival, bytes: string): Promise<ObjectId> {
  await ledger.objects.record([arrival]);
  const batch = await batchOf(ledger, [idOf(arrival)]);
  await compactWith(ledger, batch, [decided(idOf(arrival), bytes)]);
  await judgeBatch(ledger, batch);
  await loadBatch(ledger, batch);
  return idOf(arrival);
}
