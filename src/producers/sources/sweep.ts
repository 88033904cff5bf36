import type { Dataset } from '../../shared/config/config.js';
import type { ObjectStore, StoredObject } from '../../shared/stores/port.js';
import type { Intake } from '../intake.js';
import { type Router, type RouteRule, sourcePrefix } from '../routeObject.js';

/** Objects recorded in one statement. */
const GROUP = 1000;

export interface SweepOptions {
  readonly dataset: Dataset;
  /** The store that the dataset's files arrive in. */
  readonly store: ObjectStore;
  readonly router: Router;
  readonly intake: Intake;
  readonly signal?: AbortSignal;
  readonly onProgress?: (soFar: SweepReceipt) => void;
}

/** What a sweep met: `found` = recorded + duplicates + ignored. */
export interface SweepReceipt {
  readonly found: number;
  /** Objects that the ledger lacked. */
  readonly recorded: number;
  readonly duplicates: number;
  readonly ignored: number;
  /** How many each rule set aside. */
  readonly ignoredByRule: Readonly<Partial<Record<RouteRule, number>>>;
}

/**
 * Lists a dataset's prefix and records what the ledger lacks: heals lost events. Keys that another dataset takes are passed over, and so
 * are Sluice's own artifacts. What is ignored is told, not added to the ledger's counters: a listing shows the same key each time.
 * Holds one page in memory. Safe to run twice and beside events. Errors: those of the store, LEDGER_AWAY, the signal's reason.
 */
export async function sweepDataset(options: SweepOptions): Promise<SweepReceipt> {
  const { dataset, store, onProgress = () => {}, signal } = options;
  const byRule: Partial<Record<RouteRule, number>> = {};
  const total = { found: 0, recorded: 0, duplicates: 0, ignored: 0 };
  for await (const page of store.list({ prefix: sourcePrefix(dataset), ...(signal ? { signal } : {}) })) {
    for (let start = 0; start < page.length; start += GROUP) {
      signal?.throwIfAborted();
      const { own, ignored } = chooseOwn(options, page.slice(start, start + GROUP));
      const claims = { source: 'sweep', arrivals: own.map((object) => toArrival(store, object)), ignored: [] };
      const { accepted, duplicates } = await options.intake(claims);
      total.found += own.length + ignored.length;
      total.recorded += accepted;
      total.duplicates += duplicates;
      total.ignored += ignored.length;
      for (const rule of ignored) byRule[rule] = (byRule[rule] ?? 0) + 1;
      onProgress({ ...total, ignoredByRule: { ...byRule } });
    }
  }
  await options.intake.settled();
  return { ...total, ignoredByRule: byRule };
}

function chooseOwn(
  { dataset, store, router }: SweepOptions,
  objects: readonly StoredObject[],
): { own: StoredObject[]; ignored: RouteRule[] } {
  const own: StoredObject[] = [];
  const ignored: RouteRule[] = [];
  for (const object of objects) {
    const route = router({ bucket: store.bucket, key: object.key, size: object.size });
    if (route.kind === 'ignored') {
      if (route.rule !== 'artifact') ignored.push(route.rule);
    } else if (route.dataset === dataset.name) own.push(object);
  }
  return { own, ignored };
}

function toArrival(store: ObjectStore, { key, eTag, size, lastModified, versionId }: StoredObject) {
  return { bucket: store.bucket, key, eTag, size, lastModified, ...(versionId === undefined ? {} : { versionId }) };
}
