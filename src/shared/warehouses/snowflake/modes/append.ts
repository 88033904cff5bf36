import { numberAt } from '../run.js';
import { insertRows } from '../sql/write.js';
import type { WriteRows } from './mode.js';

/** Adds the rows. Takes no lock: other loads and queries go on. */
export const append: WriteRows = async ({ run, table, rows }) =>
  numberAt(await run(insertRows(table, rows), 'rows'), 0);
