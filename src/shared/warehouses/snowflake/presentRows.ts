import type { ObjectId } from '../../ids.js';
import { asObjectId } from '../../ids.js';
import type { PresentCount } from '../port.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import { readTable } from './readTable.js';
import type { Run } from './run.js';
import { oldestBatch } from './sql/books.js';
import { countPresent } from './sql/write.js';

const OBJECTS_A_QUERY = 5_000;

/**
 * Counts rows by `_SLUICE_OBJECT` in the table itself, from the oldest batch on that the books name for these objects; an object that
 * the books do not know is looked for in the whole table. A table that is not there holds no rows. What became of the others, the books say.
 */
export async function presentRows(run: Run, table: TableName, objects: readonly ObjectId[]): Promise<PresentCount[]> {
  if (objects.length === 0 || (await readTable(run, table)) === undefined) return [];
  const counts: PresentCount[] = [];
  for (let start = 0; start < objects.length; start += OBJECTS_A_QUERY) {
    const slice = objects.slice(start, start + OBJECTS_A_QUERY);
    const key = { database: table.database, table: tableKey(table), batch: '', attempt: 0 };
    const [known, oldest] = (await run(oldestBatch(key, slice))).rows[0] ?? [];
    const from = Number(known) === new Set(slice).size ? (oldest ?? undefined) : undefined;
    const { rows } = await run(countPresent(table, slice, { key, fromBatch: from }), 'rows');
    counts.push(...rows.map(readCount));
  }
  return counts;
}

function readCount([object, present, ...books]: readonly (string | null)[]): PresentCount {
  const [removed = 0, unchanged = 0, overwritten = 0] = books.map(Number);
  return {
    object: asObjectId(object ?? ''),
    present: Number(present),
    ...(removed > 0 && { removed }),
    ...(unchanged > 0 && { unchanged }),
    ...(overwritten > 0 && { overwritten }),
  };
}
