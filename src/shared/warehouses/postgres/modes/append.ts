import { quoteTable } from '../identifiers.js';
import type { WriteRows } from './mode.js';

/** Adds the rows. Straight into the table: no staging, no lock beyond the one that every writer shares. */
export const append: WriteRows = async ({ table, copyInto }) => {
  const copied = await copyInto(quoteTable(table));
  return { copied, present: copied };
};
