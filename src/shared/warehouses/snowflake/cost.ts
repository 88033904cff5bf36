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
 * .../data-load-snowpipe-billing): an X-Small warehouse takes 1 credit an hour by the second, at least 60 s whenever it wakes; a pipe
 * takes 0.0037 credits a GB since December 2025, whatever the number of files, and needs no warehouse.
 */
export const PUBLISHED = { creditsAnHour: 1, leastSeconds: 60, creditsAGigabyte: 0.0037 } as const;

/** Bytes of Parquet that an X-Small warehouse copies in a second: an assumption until a load of yours was measured. */
export const ASSUMED_BYTES_A_SECOND = 40e6;

export interface Amounts {
  /** Bytes of the artifacts in one load. */
  readonly bytes: number;
  /** Loads that find the warehouse awake, since another ended less than AUTO_SUSPEND before: 0 to 1. */
  readonly shareAwake?: number;
  readonly bytesASecond?: number;
}

/** Expected credits of one load, the cheaper way first; pure. */
export function estimateLoad({
  bytes,
  shareAwake = 0,
  bytesASecond = ASSUMED_BYTES_A_SECOND,
}: Amounts): readonly Estimate[] {
  const work = bytes / bytesASecond;
  const asleep = Math.max(work, PUBLISHED.leastSeconds);
  const seconds = shareAwake * work + (1 - shareAwake) * asleep;
  const copy: Estimate = {
    way: 'copy',
    credits: (seconds / 3600) * PUBLISHED.creditsAnHour,
    why: `${Math.round(seconds)} s of an X-Small warehouse`,
  };
  const pipe: Estimate = {
    way: 'snowpipe',
    credits: (bytes / 1e9) * PUBLISHED.creditsAGigabyte,
    why: `${(bytes / 1e9).toFixed(3)} GB at ${PUBLISHED.creditsAGigabyte} credits a GB`,
  };
  return [copy, pipe].sort((a, b) => a.credits - b.credits);
}

export type BudgetState = { readonly kind: 'within' | 'near' | 'over'; readonly used: number };

/** How a month's credits stand to the budget: `near` from 80% on. */
export function judgeBudget(credits: number, monthlyCredits: number): BudgetState {
  const used = credits / monthlyCredits;
  return { kind: used > 1 ? 'over' : used >= 0.8 ? 'near' : 'within', used };
}
