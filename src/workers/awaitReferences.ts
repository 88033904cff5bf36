import { referencesOf } from '../shared/config/references.js';
import type { Dataset } from '../shared/config/config.js';
import { SluiceError } from '../shared/errors.js';
import type { WorkerContext } from './context.js';
import type { StepWork } from './runSteps.js';

/** So long a batch waits for files of another dataset that no batch has yet: they may be nobody's work here. */
const FILES_MS = 60_000;
/** So long it waits for batches that work is done on. */
const BATCHES_MS = 30 * 60_000;
const AGAIN_MS = 1000;

/**
 * Lets a batch go on once everything is loaded that came before it for the datasets that its checks refer to; files that came together
 * may be worked on in any order. Where such a dataset has nothing at all, or everything is to be done now, whatever came since counts
 * too. Throws REFERENCE_AWAITED, for which a step waits without a failure.
 */
export async function awaitReferences(
  { ledger, clock, closeNow }: Pick<WorkerContext, 'ledger' | 'clock' | 'closeNow'>,
  dataset: Pick<Dataset, 'columns' | 'checks'>,
  { row }: Pick<StepWork, 'row'>,
): Promise<void> {
  const waitedMs = clock.now() - row.createdAt.getTime();
  if (waitedMs > BATCHES_MS) return;
  for (const other of new Set(referencesOf(dataset).map((reference) => reference.dataset))) {
    const isEmpty = (await ledger.loaded.list(other, undefined, 1)).length === 0;
    const until = closeNow || isEmpty ? new Date(clock.now()) : row.createdAt;
    const { arrived, batches } = await ledger.loaded.underWay(other, until);
    if (!batches && (!arrived || waitedMs > FILES_MS)) continue;
    throw new SluiceError('REFERENCE_AWAITED', `${other} has files under way that a check of this batch refers to`, {
      facts: { dataset: other, retryInMs: AGAIN_MS },
    });
  }
}
