import type { ClientBase } from 'pg';
import type { ObjectId } from '../../../ids.js';
import { asObjectId } from '../../../ids.js';
import type { LoadKey } from '../books.js';
import { quoteTable } from '../identifiers.js';
import type { ModeContext, WriteContext, WriteModeRules, Written } from './mode.js';

/**
 * Makes the scope's rows those of this batch, in one transaction: readers see the old rows or the new ones, never neither. A batch that
 * is older than what the scope has writes nothing, and the books say that its rows gave way; a repeated batch is found in the books.
 */
export const replace: WriteModeRules = {
  takesTurns: true,
  copyLock: 'ROW EXCLUSIVE',
  claim: claimWhole,
  write: writeWhole,
};

/** Objects of the scope move to this batch; those that a newer batch has stay there. */
async function claimWhole({ client, key, request }: ModeContext): Promise<ReadonlySet<ObjectId>> {
  const objects = request.objects.map(({ object }) => object);
  const rows = request.objects.map((one) => one.rows);
  if (await isLate(client, key, request.scope ?? '')) {
    await client.query(
      `INSERT INTO _sluice.load_objects (table_name, object_id, batch, rows, removed)
       SELECT $1, object, $2, rows, rows FROM unnest($3::uuid[], $4::bigint[]) AS late(object, rows) ORDER BY object
       ON CONFLICT DO NOTHING`,
      [key.table, key.batch, objects, rows],
    );
    return new Set();
  }
  const claimed = await client.query<{ object_id: string }>(
    `INSERT INTO _sluice.load_objects AS known (table_name, object_id, batch, rows)
     SELECT $1, object, $2, rows FROM unnest($3::uuid[], $4::bigint[]) AS claimed(object, rows) ORDER BY object
     ON CONFLICT (table_name, object_id) DO UPDATE SET batch = excluded.batch, rows = excluded.rows, removed = 0
     WHERE known.batch < excluded.batch AND known.replaced_by IS NULL
     RETURNING object_id`,
    [key.table, key.batch, objects, rows],
  );
  return new Set(claimed.rows.map(({ object_id }) => asObjectId(object_id)));
}

async function writeWhole({ client, table, key, request, ...rows }: WriteContext): Promise<Written> {
  const scope = request.scope ?? '';
  if (await isLate(client, key, scope)) return { copied: 0, present: 0 };
  await client.query(
    `WITH gone AS (
       DELETE FROM ${quoteTable(table)} ${scope === '' ? '' : `WHERE _sluice_object = ANY ($3::uuid[]) OR _sluice_batch IN (${BATCHES_OF_SCOPE})`} RETURNING _sluice_object
     ), counted AS (SELECT _sluice_object, count(*) AS rows FROM gone GROUP BY 1)
     UPDATE _sluice.load_objects o SET removed = o.removed + counted.rows FROM counted
     WHERE o.table_name = $1 AND o.object_id = counted._sluice_object AND o.batch <> $2`,
    scope === '' ? [key.table, key.batch] : [key.table, key.batch, request.objects.map(({ object }) => object), scope],
  );
  const { source, expected, copyInto } = rows;
  if (expected === 0) return { copied: 0, present: 0 };
  const copied = await copyInto(quoteTable(table), source);
  return { copied, present: copied };
}

const BATCHES_OF_SCOPE = 'SELECT batch FROM _sluice.loads WHERE table_name = $1 AND scope = $4';

/** True when the books have a newer batch of the scope. Batch ids rise with time. */
async function isLate(client: ClientBase, { table, batch }: LoadKey, scope: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM _sluice.loads WHERE table_name = $1 AND scope = $2 AND batch > $3 LIMIT 1',
    [table, scope, batch],
  );
  return rowCount !== 0;
}
