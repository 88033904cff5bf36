import type { ClientBase } from 'pg';
import type { ObjectId } from '../../ids.js';
import type { LoadRequest } from '../port.js';
import type { LoadKey } from './books.js';
import type { TableName } from './identifiers.js';
import { quoteTable } from './identifiers.js';

/** Enters the replaced objects, loaded or not: one that was not can never be loaded from now on. Sorted, so that two batches wait for each other. */
const ENTER = `
INSERT INTO _sluice.load_objects AS known (table_name, object_id, batch, rows, replaced_by)
SELECT $1, old, $2, 0, by FROM unnest($3::uuid[], $4::uuid[]) AS replaced(old, by) ORDER BY old
ON CONFLICT (table_name, object_id) DO UPDATE SET replaced_by = coalesce(known.replaced_by, excluded.replaced_by)
RETURNING object_id, batch, rows`;

const KEPT_OUT = `
UPDATE _sluice.load_objects o SET rows = t.rows, removed = t.rows FROM unnest($2::uuid[], $3::bigint[]) AS t(object_id, rows)
WHERE o.table_name = $1 AND o.object_id = t.object_id AND o.replaced_by IS NOT NULL AND o.rows = 0`;

/**
 * Removes exactly the rows of the objects whose place objects of this load take, inside the load's transaction, and notes in the books
 * how many they were. Safe whatever comes in which order: an older version that comes later finds its entry, and is left out.
 */
export async function removeReplaced(
  client: ClientBase,
  { table, key }: { table: TableName; key: LoadKey },
  removes: LoadRequest['removes'],
): Promise<void> {
  const byOld = new Map(removes.map(({ object, by }) => [object, by]));
  const entered = await client.query<{ object_id: string; batch: string; rows: number }>(ENTER, [
    key.table,
    key.batch,
    [...byOld.keys()],
    [...byOld.values()],
  ]);
  const loaded = entered.rows.filter(({ rows }) => rows > 0);
  const oldest = loaded.map(({ batch }) => batch).sort()[0];
  if (oldest === undefined) return;
  // Batch ids rise with time: blocks before the oldest of these batches are skipped.
  await client.query(
    `WITH gone AS (
       DELETE FROM ${quoteTable(table)} WHERE _sluice_object = ANY ($2::uuid[]) AND _sluice_batch >= $3 RETURNING _sluice_object
     ), counted AS (SELECT _sluice_object, count(*) AS rows FROM gone GROUP BY 1)
     UPDATE _sluice.load_objects o SET removed = o.removed + counted.rows FROM counted
     WHERE o.table_name = $1 AND o.object_id = counted._sluice_object`,
    [key.table, loaded.map(({ object_id }) => object_id), oldest],
  );
}

/** Notes the rows of objects that were left out because a newer version was loaded before them. */
export async function noteKeptOut(
  client: ClientBase,
  { table }: LoadKey,
  skipped: readonly { readonly object: ObjectId; readonly rows: number }[],
): Promise<void> {
  if (skipped.length === 0) return;
  await client.query(KEPT_OUT, [table, skipped.map(({ object }) => object), skipped.map(({ rows }) => rows)]);
}
