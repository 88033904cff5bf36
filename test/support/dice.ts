/**
 * Where the chances of tests begin: the same in every run, so that none fails by luck alone. `SLUICE_TEST_SEED` (a number) asks for
 * another course; what uses it must hold for each.
 */
export const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20_240_229);

export interface Dice {
  /** From 0 to below 1. */
  roll(): number;
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
}

/** The same numbers for the same seed (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = seed;
  const roll = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { roll, below: (count) => Math.floor(roll() * count) };
}

export const dice = diceOf(SEED);
