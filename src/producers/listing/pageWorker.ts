import type { Clock } from '../../shared/clock.js';
import { isSluiceError } from '../../shared/errors.js';
import type { RoutedArrival } from '../../shared/ledger/port.js';
import type { StoredObject } from '../../shared/stores/port.js';
import type { IntakeReceipt } from '../intake.js';
import type { RouteRule } from '../routeObject.js';
import type { SweepOptions } from '../sources/sweep.js';
import type { Cursor } from './cursor.js';
import { lookAgain } from './settle.js';
import { addReceipts, NOTHING_FOUND, type SweepReceipt } from './sweepCounts.js';
import type { KeyRange, WalkOptions } from './walkRanges.js';

export interface PageWorkerOptions extends Omit<SweepOptions, 'clock'> {
  readonly clock: Clock;
  readonly source: 'sweep' | 'backfill';
  readonly cursor: Cursor;
  /** New objects that may still be recorded; undefined: as many as there are. */
  readonly left: number | undefined;
}

/** Works on the pages of a walk. */
export interface PageWorker {
  readonly onPage: WalkOptions['onPage'];
  /** Records the objects that were too young when they were listed. */
  lookAgain(): Promise<void>;
  /** What this process found. */
  readonly receipt: () => SweepReceipt;
}

/** Young objects that are held back in memory; more are waited for at once. */
const MAX_HELD = 10_000;

/** A large upload is dated by its beginning and seen at its end. */
const OVERLAP_MS = 24 * 3600 * 1000;

/** Opens the work on pages: choose, compare, record, count, save. */
export function openPageWorker(options: PageWorkerOptions): PageWorker {
  const { cursor, clock, settleMs = 0, onProgress = () => {}, signal } = options;
  const heldFrom = new Map<KeyRange, string>();
  let { left } = options;
  let held: StoredObject[] = [];
  let receipt = NOTHING_FOUND;

  const take = async (objects: readonly StoredObject[]) => {
    const page = choosePage(options, objects);
    const { accepted, duplicates } = await record(options, page.own, left);
    if (left !== undefined) left -= accepted;
    const { ignored, ignoredByRule } = page;
    return { found: accepted + duplicates + ignored, recorded: accepted, duplicates, ignored, ignoredByRule };
  };
  const takeHeld = async () => {
    const waiting = held;
    held = [];
    const found = await lookAgain(waiting, { store: options.store, settleMs, clock, signal });
    receipt = addReceipts(receipt, await take(found));
    heldFrom.clear();
  };
  return {
    async onPage(objects, range) {
      signal?.throwIfAborted();
      const isYoung = ({ lastModified }: StoredObject) => lastModified.getTime() > clock.now() - settleMs;
      const young = settleMs > 0 ? objects.filter(isYoung) : [];
      if (young.length > 0 && !heldFrom.has(range)) heldFrom.set(range, range.after);
      held.push(...young);
      const found = await take(young.length > 0 ? objects.filter((object) => !young.includes(object)) : objects);
      // Counts and place move on together: whatever is saved next has both.
      receipt = addReceipts(receipt, found);
      range.after = objects.at(-1)?.key ?? range.after;
      if (held.length > MAX_HELD) await takeHeld();
      const total = addReceipts(cursor.before, receipt);
      onProgress(total);
      await cursor.save(total, heldFrom);
      return left === undefined || left > 0;
    },
    lookAgain: takeHeld,
    receipt: () => receipt,
  };
}

interface Page {
  readonly own: readonly RoutedArrival[];
  readonly ignored: number;
  readonly ignoredByRule: SweepReceipt['ignoredByRule'];
}

function choosePage(
  { dataset, store, router, backfill, source }: PageWorkerOptions,
  objects: readonly StoredObject[],
): Page {
  const own: RoutedArrival[] = [];
  const byRule: Partial<Record<RouteRule, number>> = {};
  let ignored = 0;
  const from = backfill?.since === undefined ? undefined : backfill.since.getTime() - OVERLAP_MS;
  for (const { key, eTag, size, lastModified, versionId } of objects) {
    if (from !== undefined && lastModified.getTime() < from) continue;
    const route = router({ bucket: store.bucket, key, size });
    if (route.kind === 'ignored') {
      if (route.rule === 'artifact') continue;
      ignored += 1;
      byRule[route.rule] = (byRule[route.rule] ?? 0) + 1;
    } else if (route.dataset === dataset.name) {
      const version = versionId === undefined ? {} : { versionId };
      const { partition } = route;
      own.push({
        dataset: dataset.name,
        partition,
        bucket: store.bucket,
        key,
        eTag,
        size,
        lastModified,
        source,
        ...version,
      });
    }
  }
  return { own, ignored, ignoredByRule: byRule };
}

/** Records what the ledger lacks, at most `left` of it. */
async function record(
  { ledger, intake, clock, source, signal }: PageWorkerOptions,
  own: readonly RoutedArrival[],
  left: number | undefined,
): Promise<Pick<IntakeReceipt, 'accepted' | 'duplicates'>> {
  const missing = await ledger.missing(own);
  const wanted = left === undefined ? missing : missing.slice(0, left);
  const known = own.length - missing.length;
  if (wanted.length === 0) return { accepted: 0, duplicates: known };
  for (;;) {
    try {
      const { accepted, duplicates } = await intake({ source, arrivals: wanted, ignored: [] });
      return { accepted, duplicates: known + duplicates };
    } catch (error) {
      if (!isSluiceError(error, 'INTAKE_BUSY')) throw error;
      await clock.sleep(100, signal);
    }
  }
}
