import type { SluiceError } from '../shared/errors.js';

/** Failures after which a step gives up and waits for a person (or the next `sluice run`); a service that is away is waited for, for ever. */
export const MAX_FAILURES = 12;

/** The same again needs the same memory and time: a second and third try have one thread, and are the last. */
const MAX_HUNGRY = 3;

/** Workers that may vanish in a step before it gives up. */
export const MAX_CRASHES = 5;

/** Ms until the next try after so many failures before this one: 1 s, 2 s, 4 s, ... at most a minute. */
export function backoffDelayMs(failuresBefore: number): number {
  return Math.min(1000 * 2 ** Math.min(failuresBefore, 20), 60_000);
}

/** Whether a step gives up: at once for an error that no other try heals, never for a service that is away or a table that is busy. */
export function isOver(error: Pick<SluiceError, 'code' | 'retry' | 'exit'>, failuresBefore: number): boolean {
  if (error.retry === 'never') return true;
  if (error.exit === 3 || error.code === 'TARGET_BUSY') return false;
  const isHungry = error.code === 'ENGINE_MEMORY' || error.code === 'ENGINE_TIMEOUT';
  return failuresBefore + 1 >= (isHungry ? MAX_HUNGRY : MAX_FAILURES);
}
