import type { ObjectId } from '../../../ids.js';
import { countMismatch } from '../enterBooks.js';
import { numberAt } from '../run.js';
import { claimLate, claimWhole, countNewer, createGone, findNewer, noteGone, takeOut } from '../sql/replace.js';
import { insertRows } from '../sql/write.js';
import type { ModeContext, WriteModeRules, Written } from './mode.js';

/**
 * Makes the scope's rows those of this batch, in one transaction: readers see the old rows or the new ones, never neither. A batch that
 * is older than what the scope has writes nothing, and the books say that its rows gave way.
 */
export const replace: WriteModeRules = { takesTurns: true, prepare: createGone, write: writeWhole };

async function writeWhole(context: ModeContext): Promise<Written> {
  const { run, table, key, request, rows, beside } = context;
  const { objects } = request;
  const scope = request.scope ?? '';
  const ids = objects.map(({ object }) => object);
  if (numberAt(await run(countNewer(key, scope)), 0) > 0) {
    const claim = objects.length === 0 ? undefined : { statement: claimLate(key, objects) };
    return { present: 0, skipped: ids, claim, notes: [] };
  }
  const newer = await findStaying(context, ids);
  const wanted = objects.filter(({ object }) => !newer.has(object));
  const away = request.removes.map(({ object }) => object);
  const leaving = { key, scope, objects: [...wanted.map(({ object }) => object), ...away] };
  for (const statement of takeOut(table, beside, leaving)) await run(statement, 'rows');
  const skipped = [...newer];
  const expected = wanted.reduce((sum, one) => sum + one.rows, 0);
  const present = expected === 0 ? 0 : numberAt(await run(insertRows(table, { ...rows, skipped }), 'rows'), 0);
  if (present !== expected) throw countMismatch(key, expected, present);
  const claim = wanted.length === 0 ? undefined : { statement: claimWhole(key, wanted), expected: wanted.length };
  return { present, skipped, claim, notes: [noteGone(key, beside)] };
}

async function findStaying({ run, key }: ModeContext, ids: readonly ObjectId[]): Promise<ReadonlySet<ObjectId>> {
  if (ids.length === 0) return new Set();
  const { rows } = await run(findNewer(key, ids));
  const found = new Set(rows.map(([object]) => object));
  return new Set(ids.filter((id) => found.has(id)));
}
