import pLimit from 'p-limit';
import { toSluiceError } from '../../shared/errors.js';
import type { ObjectId } from '../../shared/ids.js';
import type { Manifest } from '../../shared/ledger/manifest.js';
import type { BatchObject, ObjectCustody, RoutedArrival } from '../../shared/ledger/port.js';
import type { ObjectStore } from '../../shared/stores/port.js';
import type { WorkerContext } from '../context.js';
import { planPartitions } from '../planPartitions.js';
import type { StepWork } from '../runSteps.js';

const HEADS_AT_ONCE = 12;
/** A store that denies an object's bytes on GET and shows them on HEAD must not make lives without end. */
const MAX_LIVES = 10;

/** What a batch made of its objects; `gone`: those of older batches that the store does not have as they were. */
interface SeenObjects {
  readonly manifest: Manifest;
  readonly custody: readonly ObjectCustody[];
  readonly gone: readonly ObjectId[];
}

/**
 * Asks the store once more, after the commit, what it shows under keys that had several versions or other bytes than expected, and
 * records that. Older bytes that came back between compact's look and its commit were announced when the ledger still took them for a
 * duplicate; from the commit on it knows better. Best effort: a sweep finds them too, only later.
 */
export async function lookAgain(
  context: WorkerContext,
  work: StepWork,
  { manifest, custody, gone }: SeenObjects,
): Promise<void> {
  const doubtful = doubtfulObjects(work, { manifest, custody, gone });
  if (doubtful.length === 0) return;
  try {
    const shown = await showCurrent(context.sourceStore(work.claim.dataset), doubtful, work);
    const receipt = await context.ledger.objects.record(shown);
    const back = await context.ledger.custody.recordCurrent(receipt.outdone);
    await planPartitions(context, [...receipt.fresh, ...back.fresh]);
  } catch (error) {
    context.logger.warn(
      { batch: work.claim.batch, error: toSluiceError(error).message },
      'what came back to its key meanwhile is left to the next sweep',
    );
  }
}

function doubtfulObjects({ objects }: StepWork, { manifest, custody, gone }: SeenObjects): readonly BatchObject[] {
  const contested = new Set<string>(custody.filter(({ seen }) => seen.length > 0).map(({ object }) => object));
  const changed = new Set<string>(
    manifest.objects.flatMap((one) =>
      one.kind === 'quarantined' && one.code === 'OBJECT_CHANGED' ? [one.object] : [],
    ),
  );
  const left = new Set(gone);
  return objects.filter(
    ({ object, generation }) =>
      contested.has(object) || left.has(object) || (changed.has(object) && generation < MAX_LIVES),
  );
}

async function showCurrent(
  store: ObjectStore,
  objects: readonly BatchObject[],
  { claim, signal }: StepWork,
): Promise<readonly RoutedArrival[]> {
  const limit = pLimit(HEADS_AT_ONCE);
  const shown = await Promise.all(
    objects.map(({ bucket, key }) =>
      limit(async (): Promise<readonly RoutedArrival[]> => {
        const found = await store.head(key, signal);
        if (found === undefined) return [];
        const { dataset, partition } = claim;
        const { eTag, size, lastModified, versionId } = found;
        const place = { dataset, partition, bucket, key, eTag, size, lastModified, source: 'compact' };
        return [versionId === undefined ? place : { ...place, versionId }];
      }),
    ),
  );
  return shown.flat();
}
