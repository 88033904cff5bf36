import type { PendingObject } from '../../shared/ledger/port.js';

export interface PlanLimits {
  readonly targetBytes: number;
  readonly maxFiles: number;
  readonly maxWaitMs: number;
  /** So many objects need not wait for `maxWaitMs` once nothing more came for `quietMs`. */
  readonly minFiles: number;
  readonly quietMs: number;
}

export interface BatchPlan {
  /** Closed batches, in order of arrival. */
  readonly batches: readonly (readonly PendingObject[])[];
  /** Objects left pending. */
  readonly left: number;
  /** When those that are left will be due although nothing more comes (ms since 1970). */
  readonly dueAtMs?: number;
  /** True when a batch that is not full closed because its objects had waited long enough. */
  readonly isClosedByTime: boolean;
}

/**
 * Packs pending objects, oldest first, into batches: a batch closes when the next object would carry it over
 * `targetBytes`, or at `maxFiles`. The last one, which is not full, closes when its oldest object has waited `maxWaitMs`, or when it has
 * `minFiles` and the newest came `quietMs` ago: a stream fills its batch, the end of a burst is not waited out. Then all of them are
 * made about equal, so that no batch is a small remainder. An object larger
 * than the target is a batch of its own. Versions of one key never share a batch: the later one is packed after the
 * others. Pure.
 */
export function planBatches(pending: readonly PendingObject[], limits: PlanLimits, nowMs: number): BatchPlan {
  const plans = splitVersions(pending).map((objects) => packBatches(objects, limits, nowMs));
  const due = plans.flatMap(({ dueAtMs }) => dueAtMs ?? []);
  return {
    batches: plans.flatMap(({ batches }) => batches),
    left: plans.reduce((sum, { left }) => sum + left, 0),
    isClosedByTime: plans.some(({ isClosedByTime }) => isClosedByTime),
    ...(due.length === 0 ? {} : { dueAtMs: due.reduce((first, at) => Math.min(first, at)) }),
  };
}

/** How many pending objects one plan reads: enough for a few full batches, and few enough for the memory of a worker. */
export function pageSize({ maxFiles }: Pick<PlanLimits, 'maxFiles'>): number {
  return Math.min(50_000, Math.max(5_000, 4 * maxFiles));
}

/**
 * As `planBatches`, of what may be only the oldest `page` of all pending objects: then a batch that is not full is left for the next
 * page, which is due at once, unless the page fills none. Pure.
 */
export function planPage(
  pending: readonly PendingObject[],
  limits: PlanLimits,
  { nowMs, page }: { nowMs: number; page: number },
): BatchPlan {
  if (pending.length < page) return planBatches(pending, limits, nowMs);
  const full = planBatches(pending, { ...limits, maxWaitMs: Infinity, minFiles: Infinity }, nowMs);
  const plan = full.batches.length > 0 ? full : planBatches(pending, limits, nowMs);
  return plan.batches.length > 0 ? { ...plan, dueAtMs: nowMs } : plan;
}

/** The first object of every key, then the second of those that have one, and so on. */
function splitVersions(pending: readonly PendingObject[]): readonly (readonly PendingObject[])[] {
  const seen = new Map<string, number>();
  const rounds: PendingObject[][] = [];
  for (const object of pending) {
    const round = seen.get(object.key) ?? 0;
    seen.set(object.key, round + 1);
    (rounds[round] ??= []).push(object);
  }
  return rounds;
}

function packBatches(pending: readonly PendingObject[], limits: PlanLimits, nowMs: number): BatchPlan {
  const full: PendingObject[][] = [];
  let open: PendingObject[] = [];
  let openBytes = 0;
  for (const object of pending) {
    if (open.length > 0 && (openBytes + object.size > limits.targetBytes || open.length >= limits.maxFiles)) {
      full.push(open);
      open = [];
      openBytes = 0;
    }
    open.push(object);
    openBytes += object.size;
  }
  if (open.length === 0) return { batches: full, left: 0, isClosedByTime: false };
  const dueAtMs = dueAt(open, limits);
  const isFull = openBytes >= limits.targetBytes || open.length >= limits.maxFiles;
  if (!isFull && dueAtMs > nowMs) return { batches: full, left: open.length, dueAtMs, isClosedByTime: false };
  return { batches: evenOut([...full, open], limits), left: 0, isClosedByTime: !isFull };
}

/** When objects that fill no batch are due although nothing more comes. */
function dueAt(open: readonly PendingObject[], { maxWaitMs, minFiles, quietMs }: PlanLimits): number {
  const arrivals = open.map(({ arrivedAt }) => arrivedAt.getTime());
  const waited = arrivals.reduce((first, at) => Math.min(first, at)) + maxWaitMs;
  if (open.length < minFiles) return waited;
  return Math.min(waited, arrivals.reduce((last, at) => Math.max(last, at)) + quietMs);
}

/** The same objects in as many batches of about equal bytes, in their order; as they were where that would break a limit. */
function evenOut(
  batches: readonly (readonly PendingObject[])[],
  { targetBytes, maxFiles }: PlanLimits,
): readonly (readonly PendingObject[])[] {
  const total = bytesOf(batches.flat());
  if (batches.length < 2 || total === 0) return batches;
  const even: PendingObject[][] = batches.map(() => []);
  let before = 0;
  for (const object of batches.flat()) {
    const middle = (before + object.size / 2) / total;
    even[Math.min(batches.length - 1, Math.floor(middle * batches.length))]?.push(object);
    before += object.size;
  }
  const isSound = even.every(
    (batch) => batch.length > 0 && batch.length <= maxFiles && (batch.length === 1 || bytesOf(batch) <= targetBytes),
  );
  return isSound ? even : batches;
}

function bytesOf(objects: readonly PendingObject[]): number {
  return objects.reduce((sum, { size }) => sum + size, 0);
}
