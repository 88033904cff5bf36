/**
 * Chance for the tests: the same in every run, so that a run never fails by luck alone. `SLUICE_TEST_SEED` (a number) asks for another
 * course; what uses it must hold for each.
 */
export const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20_240_229);

let state = SEED;

export const dice = {
  /** From 0 to below 1 (mulberry32). */
  roll(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  },
  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(dice.roll() * count);
  },
};
