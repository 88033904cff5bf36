import { countMismatch, knownObjects } from '../enterBooks.js';
import { numberAt } from '../run.js';
import { claimObjects } from '../sql/books.js';
import { enterReplaced, noteKeptOut, removeRows } from '../sql/removes.js';
import { insertRows } from '../sql/write.js';
import type { ModeContext, WriteModeRules, Written } from './mode.js';

/** Adds the rows. Takes no lock on the table: other loads and queries go on. Rows of older versions leave under the fence's lock. */
export const append: WriteModeRules = { takesTurns: false, write: addRows };

async function addRows({ run, table, key, request, rows }: ModeContext): Promise<Written> {
  const known = await knownObjects(run, key, request);
  const wanted = request.objects.filter(({ object }) => !known.has(object));
  const left = request.objects.filter(({ object }) => known.has(object));
  const skipped = [...known];
  const expected = wanted.reduce((sum, one) => sum + one.rows, 0);
  const present = expected === 0 ? 0 : numberAt(await run(insertRows(table, { ...rows, skipped }), 'rows'), 0);
  if (present !== expected) throw countMismatch(key, expected, present);
  const removes = request.removes.filter(({ by }) => !known.has(by));
  const old = removes.map(({ object }) => object);
  return {
    present,
    skipped,
    ...(wanted.length > 0 && { claim: { statement: claimObjects(key, wanted), expected: wanted.length } }),
    notes: [
      ...(left.length === 0 ? [] : [noteKeptOut(key, left)]),
      ...(old.length === 0 ? [] : [enterReplaced(key, removes), ...removeRows(key, table, old)]),
    ],
  };
}
