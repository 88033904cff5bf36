import type { Refusal, Source } from './sources.js';

/** Targets keep columns of such names for themselves: the batch of a row, its object and its number. */
const RESERVED = /^_sluice_/i;

/** Refuses a file with a column whose name is one of Sluice's own. */
export function refuseReserved({ object, columns }: Source): readonly Refusal[] {
  const taken = columns.find(({ name }) => RESERVED.test(name));
  if (taken === undefined) return [];
  return [{ object, code: 'COLUMN_MISMATCH', reason: `expected no column of Sluice's own, got ${taken.name}` }];
}
