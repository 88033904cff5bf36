import { claimObjects } from '../books.js';
import { quoteTable } from '../identifiers.js';
import type { WriteModeRules } from './mode.js';

/**
 * Adds the rows. Straight into the table: no staging, no lock beyond the one that every writer shares. A repeated object is left out by
 * the books, whichever batch brings it; in which order batches come makes no difference.
 */
export const append: WriteModeRules = {
  takesTurns: false,
  copyLock: 'ROW EXCLUSIVE',
  claim: ({ client, key, request }) => claimObjects(client, key, request.objects),
  write: async ({ table, source, expected, copyInto }) => {
    if (expected === 0) return { copied: 0, present: 0 };
    const copied = await copyInto(quoteTable(table), source);
    return { copied, present: copied };
  },
};
