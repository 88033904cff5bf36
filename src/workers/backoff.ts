/** Failures after which a step gives up and waits for a person (or the next `sluice run`). */
export const MAX_FAILURES = 12;

/** Ms until the next try after so many failures before this one: 1 s, 2 s, 4 s, ... at most a minute. */
export function backoffDelayMs(failuresBefore: number): number {
  return Math.min(1000 * 2 ** failuresBefore, 60_000);
}
