import type { Pool } from 'pg';
import type { ObjectId } from '../../ids.js';
import { SluiceError } from '../../errors.js';
import { asObjectId } from '../../ids.js';
import type { PresentCount } from '../port.js';
import { openBooks } from './books.js';
import type { Bounds } from './bounds.js';
import type { TableName } from './identifiers.js';
import { quoteTable, tableKey } from './identifiers.js';
import { readTable } from './readTable.js';

const OBJECTS_A_QUERY = 50_000;

/**
 * Counts rows by `_sluice_object` in the table itself. Reads from the oldest batch that the books name for these objects on:
 * batch ids rise with time, so blocks before it are skipped, and an object that a later load doubled is still seen. An object
 * that the books do not know is looked for in the whole table. A table that is not there holds no rows; one that Sluice never
 * loaded cannot be counted (TARGET_MISMATCH). What was removed, unchanged and
 * overwritten is what the books say, of the same moment.
 */
export async function presentRows(
  pool: Pool,
  { table, objects, bounds }: { table: TableName; objects: readonly ObjectId[]; bounds: Bounds },
): Promise<PresentCount[]> {
  const columns = objects.length === 0 ? undefined : await readTable(pool, table);
  if (columns === undefined) return [];
  if (!columns.some(({ name }) => name === '_sluice_object')) {
    const message = `expected ${tableKey(table)} with the column _sluice_object, got a table that Sluice never loaded`;
    throw new SluiceError('TARGET_MISMATCH', message, { facts: { table: tableKey(table) } });
  }
  await openBooks(pool, bounds);
  const counts: PresentCount[] = [];
  for (let start = 0; start < objects.length; start += OBJECTS_A_QUERY) {
    const slice = objects.slice(start, start + OBJECTS_A_QUERY);
    const oldest = await oldestBatch(pool, table, slice);
    const { rows } = await pool.query<CountedRow>(
      `SELECT coalesce(counted.object, entered.object_id) AS object, coalesce(counted.present, 0) AS present,
         entered.removed, entered.unchanged, entered.overwritten
       FROM (
         SELECT _sluice_object AS object, count(*) AS present FROM ${quoteTable(table)}
         WHERE _sluice_object = ANY ($1::uuid[]) ${oldest === undefined ? '' : 'AND _sluice_batch >= $3'} GROUP BY 1
       ) counted FULL JOIN (
         SELECT object_id, removed, unchanged, overwritten FROM _sluice.load_objects
         WHERE table_name = $2 AND object_id = ANY ($1::uuid[]) AND removed + unchanged + overwritten > 0
       ) entered ON entered.object_id = counted.object`,
      [slice, tableKey(table), ...(oldest === undefined ? [] : [oldest])],
    );
    counts.push(...rows.map(readCount));
  }
  return counts;
}

interface CountedRow {
  readonly object: string;
  readonly present: number;
  readonly removed: number | null;
  readonly unchanged: number | null;
  readonly overwritten: number | null;
}

function readCount({ object, present, ...books }: CountedRow): PresentCount {
  const noted = Object.fromEntries(Object.entries(books).filter(([, rows]) => rows !== null && rows > 0));
  return { object: asObjectId(object), present, ...noted };
}

async function oldestBatch(pool: Pool, table: TableName, objects: readonly ObjectId[]): Promise<string | undefined> {
  const { rows } = await pool.query<{ known: number; oldest: string | null }>(
    `SELECT count(*) AS known, min(batch::text) AS oldest FROM _sluice.load_objects
     WHERE table_name = $1 AND object_id = ANY ($2::uuid[])`,
    [tableKey(table), objects],
  );
  const [found] = rows;
  return found === undefined || found.known < new Set(objects).size ? undefined : (found.oldest ?? undefined);
}
