/** How a load reaches Snowflake's compute. */
export type Way = 'copy' | 'snowpipe';

/** Credits of one way, and why. */
export interface Estimate {
  readonly way: Way;
  readonly credits: number;
  readonly why: string;
}

/**
 * What Snowflake publishes (Service Consumption Table; https://docs.snowflake.com/en/user-guide/warehouses-overview and
 * .../data-load-snowpipe-billing): an X-Small warehouse takes 1 credit an hour by the second for as long as it is awake, at least 60 s
 * whenever it wakes; a pipe takes 0.0037 credits a GB since December 2025, whatever the number of files, and needs no warehouse.
 */
export const PUBLISHED = { creditsAnHour: 1, leastSeconds: 60, creditsAGigabyte: 0.0037 } as const;

/** Seconds that a warehouse of `sluice snowflake setup` stays awake after its last statement. */
const IDLE_SECONDS = 60;

/** Bytes of Parquet that an X-Small warehouse copies in a second: an assumption until a load of yours was measured. */
export const ASSUMED_BYTES_A_SECOND = 40e6;

export interface Amounts {
  /** Bytes of the artifacts in one load. */
  readonly bytes: number;
  /** Seconds between the end of the load before, on the same warehouse, and the end of this one. Default: the warehouse slept. */
  readonly sinceLastS?: number | undefined;
  readonly bytesASecond?: number;
}

/**
 * Expected credits of one load, the cheaper way first; pure. A load that wakes the warehouse pays for its work and for the minute that the
 * warehouse then waits; one that finds it awake prolongs that by what has passed since the load before.
 */
export function estimateLoad({
  bytes,
  sinceLastS = Infinity,
  bytesASecond = ASSUMED_BYTES_A_SECOND,
}: Amounts): readonly Estimate[] {
  const work = bytes / bytesASecond;
  const woken = Math.max(work + IDLE_SECONDS, PUBLISHED.leastSeconds);
  const isAwake = sinceLastS - work <= IDLE_SECONDS;
  const seconds = isAwake ? Math.max(work, sinceLastS) : woken;
  const copy: Estimate = {
    way: 'copy',
    credits: (seconds / 3600) * PUBLISHED.creditsAnHour,
    why: `${Math.round(seconds)} s of an X-Small warehouse${isAwake ? ' that is awake' : ''}`,
  };
  const pipe: Estimate = {
    way: 'snowpipe',
    credits: (bytes / 1e9) * PUBLISHED.creditsAGigabyte,
    why: `${(bytes / 1e9).toFixed(3)} GB at ${PUBLISHED.creditsAGigabyte} credits a GB`,
  };
  return [copy, pipe].sort((a, b) => a.credits - b.credits);
}

/** A load as the ledger keeps it. */
export interface PastLoad {
  readonly target: string;
  readonly bytes: number;
  readonly committedAt: Date;
}

/** What a load is expected to have cost in the way it took, and what either way would have. */
export interface LoadCost {
  readonly way: Way;
  readonly expectedCredits: number;
  readonly cheaperWay: Way;
  readonly cheaperCredits: number;
}

/** Expected credits of each load, in their order; pure. Loads of one target share a warehouse, which stays awake between those that follow each other. */
export function estimateLoads<L extends PastLoad>(
  loads: readonly L[],
  wayOf: (load: L) => Way | undefined,
): readonly (LoadCost | undefined)[] {
  const costs = new Map<L, LoadCost>();
  const lastMs = new Map<string, number>();
  for (const load of loads.toSorted((a, b) => a.committedAt.getTime() - b.committedAt.getTime())) {
    const way = wayOf(load);
    if (way === undefined) continue;
    const last = lastMs.get(load.target);
    const sinceLastS = last === undefined ? undefined : (load.committedAt.getTime() - last) / 1000;
    const [cheaper, other] = estimateLoad({ bytes: load.bytes, sinceLastS });
    if (cheaper === undefined || other === undefined) continue;
    if (way === 'copy') lastMs.set(load.target, load.committedAt.getTime());
    const own = cheaper.way === way ? cheaper : other;
    costs.set(load, {
      way,
      expectedCredits: own.credits,
      cheaperWay: cheaper.way,
      cheaperCredits: cheaper.credits,
    });
  }
  return loads.map((load) => costs.get(load));
}

export type BudgetState = { readonly kind: 'within' | 'near' | 'over'; readonly used: number };

/** How a month's credits stand to the budget: `near` from 80% on. */
export function judgeBudget(credits: number, monthlyCredits: number): BudgetState {
  const used = credits / monthlyCredits;
  return { kind: used > 1 ? 'over' : used >= 0.8 ? 'near' : 'within', used };
}
