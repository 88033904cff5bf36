import type { PendingObject } from '../../shared/ledger/port.js';

export interface PlanLimits {
  readonly targetBytes: number;
  readonly maxFiles: number;
  readonly maxWaitMs: number;
}

export interface BatchPlan {
  /** Closed batches, in order of arrival. */
  readonly batches: readonly (readonly PendingObject[])[];
  /** Objects left pending. */
  readonly left: number;
  /** When the oldest object that is left will have waited long enough (ms since 1970). */
  readonly dueAtMs?: number;
  /** True when a batch that is not full closed because its oldest object had waited long enough. */
  readonly isClosedByTime: boolean;
}

/**
 * Packs pending objects, oldest first, into batches: a batch closes when the next object would carry it over
 * `targetBytes`, at `maxFiles`, or, for the last one, when its oldest object has waited `maxWaitMs`. An object larger
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
  const oldest = open[0];
  if (oldest === undefined) return { batches: full, left: 0, isClosedByTime: false };
  const dueAtMs = oldest.arrivedAt.getTime() + limits.maxWaitMs;
  const isFull = openBytes >= limits.targetBytes || open.length >= limits.maxFiles;
  if (!isFull && dueAtMs > nowMs) return { batches: full, left: open.length, dueAtMs, isClosedByTime: false };
  return { batches: [...full, open], left: 0, isClosedByTime: !isFull };
}
