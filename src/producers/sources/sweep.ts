import { createHash, randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../shared/clock.js';
import type { Dataset } from '../../shared/config/config.js';
import type { ArrivalLedger } from '../../shared/ledger/port.js';
import type { ObjectStore } from '../../shared/stores/port.js';
import type { Intake } from '../intake.js';
import { type Cursor, openCursor } from '../listing/cursor.js';
import { openPageWorker } from '../listing/pageWorker.js';
import { addReceipts, type SweepReceipt } from '../listing/sweepCounts.js';
import { walkRanges } from '../listing/walkRanges.js';
import { type Router, sourcePrefix } from '../routeObject.js';

export type { SweepReceipt } from '../listing/sweepCounts.js';

export interface SweepOptions {
  readonly dataset: Dataset;
  /** The store that the dataset's files arrive in. */
  readonly store: ObjectStore;
  readonly router: Router;
  readonly intake: Intake;
  readonly ledger: ArrivalLedger;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (soFar: SweepReceipt) => void;
  /** Listings at once of a bucket; a folder is walked by one. Default 8. */
  readonly parallel?: number;
  /** An object younger than this is looked at again at the end. Default 0: none. */
  readonly settleMs?: number;
  readonly clock?: Clock;
  /** Default: a sweep, of everything under the dataset's prefix. */
  readonly backfill?: BackfillRange;
}

/** What of a dataset is to be listed; left out: all of it. */
export interface BackfillRange {
  /** Whole, or what follows the dataset's own. */
  readonly prefix?: string | undefined;
  /** Objects dated before are passed over, but for a day: a large upload carries the date of its beginning. */
  readonly since?: Date | undefined;
  /** New objects at most, the first in the order of keys. */
  readonly limit?: number | undefined;
}

/**
 * Lists a dataset's prefix and records what the ledger lacks: heals lost events. Known objects cost a look-up, no write. Keys that another
 * dataset takes are passed over, and so are Sluice's own artifacts. What is ignored is told, not added to the ledger's counters: a listing
 * shows the same key each time. A sweep has no window of time: it compares the whole listing, so nothing late or re-dated is ever skipped.
 * Holds two pages a listing in memory. How far it came stands in the ledger: after a kill the same call goes on from there. Safe to run
 * twice and beside events. Errors: those of the store, LEDGER_AWAY, INTAKE_BUSY is waited for, the signal's reason.
 */
export async function sweepDataset(options: SweepOptions): Promise<SweepReceipt> {
  const { dataset, store, ledger, signal, backfill, clock = systemClock } = options;
  const prefix = prefixOf(dataset, backfill?.prefix);
  const source = backfill === undefined ? 'sweep' : 'backfill';
  const name = nameOf(source, { dataset: dataset.name, bucket: store.bucket, prefix, ...backfill });
  const cursor = await openCursor({ ledger, name, holder: randomUUID(), clock });
  const left = await leftOf(options, cursor);
  const worker = openPageWorker({ ...options, clock, source, cursor, left });
  const isOrdered = left !== undefined || store.bucket.startsWith('file://');
  await walkRanges({
    store,
    prefix,
    parallel: isOrdered ? 1 : (options.parallel ?? 8),
    ranges: cursor.ranges,
    onPage: worker.onPage,
    signal,
  });
  await worker.lookAgain();
  await options.intake.settled();
  await cursor.end();
  return addReceipts(cursor.before, worker.receipt());
}

function prefixOf(dataset: Dataset, given: string | undefined): string {
  const own = sourcePrefix(dataset);
  return given === undefined || given.startsWith(own) ? (given ?? own) : own + given;
}

/** New objects that may still be recorded; the ledger knows those of before a kill, saved or not. */
async function leftOf({ dataset, ledger, backfill }: SweepOptions, { begunAt }: Cursor): Promise<number | undefined> {
  if (backfill?.limit === undefined) return undefined;
  const done = await ledger.countSince({ dataset: dataset.name, source: 'backfill', from: begunAt });
  return Math.max(0, backfill.limit - done);
}

/** Equal for equal listings, so that one that was killed is found again. */
function nameOf(source: string, what: { readonly dataset: string; readonly [setting: string]: unknown }): string {
  return `${source} ${what.dataset} ${createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16)}`;
}
