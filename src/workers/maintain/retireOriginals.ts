import type { Dataset } from '../../shared/config/config.js';
import type { BatchId } from '../../shared/ids.js';
import type { OriginalObject } from '../../shared/ledger/port.js';
import type { RetireRequest } from '../../shared/stores/port.js';
import type { WorkerContext } from '../context.js';
import { auditDataset } from './audit.js';

/** Batches that are looked up at a time. */
const BATCHES_AT_ONCE = 100;

/** Names that begin with _ are no arrivals. */
export const MOVED_PREFIX = '_originals/';

/** What an original is tagged with when its batch is loaded and its audit balances; lifecycle rules look for it. */
export const LOADED_TAG = { key: 'sluice', value: 'loaded' } as const;

/** What was done with the originals of a dataset. */
export interface OriginalsReport {
  readonly batches: number;
  /** Batches whose audit does not balance; nothing of them was touched. */
  readonly unbalanced: number;
  /** Originals that were tagged, moved or deleted. */
  readonly objects: number;
}

type Retiring = Pick<WorkerContext, 'ledger' | 'warehouse' | 'sourceStore' | 'logger'>;

/**
 * Tags, moves or deletes the originals of every batch that was at its end for the grace period, each only after its batch was counted
 * again in the targets and balanced. What was overwritten since stays, and so does an original that is its batch's artifact. Commit point of a batch: `ledger.originals.settle`; killed before
 * it, the next run does the same again, which changes nothing where it was done. Errors: LEDGER_AWAY, those of the store.
 */
export async function retireOriginals(
  context: Retiring,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<OriginalsReport> {
  const report = { batches: 0, unbalanced: 0, objects: 0 };
  const { after: fate, graceMs } = dataset.originals;
  if (fate === 'keep') return report;
  for (let after: BatchId | undefined; ;) {
    const due = await context.ledger.originals.due({
      dataset: dataset.name,
      graceMs,
      limit: BATCHES_AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    for (const batch of due) {
      signal.throwIfAborted();
      const done = await retireBatch(context, { dataset, batch, fate }, signal);
      report.batches += 1;
      if (done === undefined) report.unbalanced += 1;
      else report.objects += done;
    }
    after = due.at(-1);
    if (after === undefined) return report;
  }
}

interface BatchOfOriginals {
  readonly dataset: Dataset;
  readonly batch: BatchId;
  readonly fate: 'tag' | 'move' | 'delete';
}

/** How many originals were dealt with; undefined when the batch does not balance. */
async function retireBatch(
  context: Retiring,
  { dataset, batch, fate }: BatchOfOriginals,
  signal: AbortSignal,
): Promise<number | undefined> {
  const objects = await context.ledger.originals.objects(batch);
  if (!(await isBalanced(context, dataset, { objects, signal }))) {
    context.logger.error({ dataset: dataset.name, batch }, 'the originals of a batch that does not balance are kept');
    return undefined;
  }
  const store = context.sourceStore(dataset.name);
  const outcome: Record<string, number> = {};
  const adopted = await adoptedKeys(context, batch);
  for (const { key, eTag, isLoaded } of objects) {
    if (!isLoaded || adopted.has(key)) continue;
    const answer = await store.retire({ key, eTag, how: howTo(fate, { key, batch }), signal });
    outcome[answer] = (outcome[answer] ?? 0) + 1;
  }
  await context.ledger.originals.settle({ batch, dataset: dataset.name, after: fate, outcome });
  return outcome['done'] ?? 0;
}

/** Originals that are artifacts of their batch: the settings were others when they were loaded. */
async function adoptedKeys({ ledger }: Retiring, batch: BatchId): Promise<ReadonlySet<string>> {
  const { artifacts = [] } = (await ledger.read.batch(batch))?.manifest ?? {};
  return new Set(artifacts.filter(({ adopted }) => adopted !== undefined).map(({ key }) => key));
}

async function isBalanced(
  { warehouse }: Retiring,
  { name, load }: Dataset,
  { objects, signal }: { objects: readonly OriginalObject[]; signal: AbortSignal },
): Promise<boolean> {
  if (objects.length === 0) return true;
  const loads = load.map(({ target, table }) => ({ target, table }));
  const ledger = { auditPage: async (_: string, after: unknown) => (after === undefined ? objects : []) };
  for await (const page of auditDataset({ ledger, warehouse, dataset: name, loads, signal })) {
    if (page.some(({ verdict }) => verdict !== 'balanced')) return false;
  }
  return true;
}

function howTo(fate: BatchOfOriginals['fate'], { key, batch }: { key: string; batch: BatchId }): RetireRequest['how'] {
  switch (fate) {
    case 'tag':
      return { kind: 'tag', tags: { [LOADED_TAG.key]: LOADED_TAG.value, 'sluice-batch': batch } };
    case 'move':
      return { kind: 'move', to: `${MOVED_PREFIX}${key}` };
    case 'delete':
      return { kind: 'delete' };
  }
}
