import type { ClientBase, Pool } from 'pg';
import { withTransaction } from '../../postgres/pool.js';
import { asObjectId } from '../../ids.js';
import type { HeldObject, RetiredPartitions, RetireRequest } from '../port.js';
import { openBooks } from './books.js';
import type { Bounds } from './bounds.js';
import { boundWaits, setLocal } from './bounds.js';
import type { TableName } from './identifiers.js';
import { quoteTable, tableKey } from './identifiers.js';
import type { StandingPartition } from './partitions.js';
import { readPartitions } from './partitions.js';

interface Place {
  readonly table: TableName;
  readonly bounds: Bounds;
}

/**
 * Detaches and drops partitions that end at or before a time, each in a transaction of its own, once the asker says that all its objects
 * are held elsewhere. The books note its rows as removed, so that the audit goes on to balance. Rows that come in between are counted
 * under the lock: a partition with an object that was not asked about stays until the next time.
 */
export async function retirePartitions(
  pool: Pool,
  { table, bounds }: Place,
  { before, notHeld }: RetireRequest,
): Promise<RetiredPartitions> {
  await openBooks(pool, bounds);
  const last = before.toISOString().slice(0, 10);
  const found = await withTransaction(pool, async (client) => {
    await setLocal(client, { TimeZone: 'UTC' });
    return readPartitions(client, table);
  });
  const old = found.filter(({ range }) => range !== undefined && range.to <= last);
  const dropped: string[] = [];
  const kept: RetiredPartitions['kept'][number][] = [];
  for (const partition of old) {
    const objects = await readBrought(pool, { table, partition });
    const missing = objects.length === 0 ? [] : await notHeld(objects);
    const ids = objects.map(({ object }) => object);
    const reason =
      missing.length > 0 ? missing.length : await dropPartition(pool, { table, bounds }, { partition, objects: ids });
    if (reason === 0) dropped.push(tableKey(partition));
    else kept.push({ partition: tableKey(partition), objects: reason });
  }
  return { dropped, kept };
}

/** The partition's objects, each with all the rows that it brought into the table, whatever became of them. */
async function readBrought(
  pool: Pool,
  { table, partition }: { readonly table: TableName; readonly partition: TableName },
): Promise<readonly HeldObject[]> {
  const { rows } = await pool.query<{ object: string; rows: number }>(
    `SELECT here.object, coalesce(o.rows, here.rows) AS rows
     FROM (SELECT _sluice_object AS object, count(*) AS rows FROM ${quoteTable(partition)} WHERE _sluice_object IS NOT NULL GROUP BY 1) here
     LEFT JOIN _sluice.load_objects o ON o.table_name = $1 AND o.object_id = here.object`,
    [tableKey(table)],
  );
  return rows.map((row) => ({ object: asObjectId(row.object), rows: row.rows }));
}

interface Counted {
  readonly object: string;
  readonly rows: number;
}

async function countObjects(client: ClientBase, partition: TableName): Promise<readonly Counted[]> {
  const { rows } = await client.query<Counted>(
    `SELECT _sluice_object AS object, count(*) AS rows FROM ${quoteTable(partition)} WHERE _sluice_object IS NOT NULL GROUP BY 1`,
  );
  return rows;
}

/** Answers 0, or how many objects came into the partition since it was asked about. */
async function dropPartition(
  pool: Pool,
  { table, bounds }: Place,
  { partition, objects }: { readonly partition: StandingPartition; readonly objects: readonly string[] },
): Promise<number> {
  return await withTransaction(pool, async (client) => {
    await boundWaits(client, bounds);
    await setLocal(client, { statement_timeout: String(bounds.copyTimeoutMs) });
    // The parent first, as every load does: two that lock in another order would wait for each other.
    await client.query(`LOCK TABLE ONLY ${quoteTable(table)} IN ACCESS EXCLUSIVE MODE`);
    await client.query(`LOCK TABLE ${quoteTable(partition)} IN ACCESS EXCLUSIVE MODE`);
    const counted = await countObjects(client, partition);
    const asked = new Set(objects);
    const late = counted.filter(({ object }) => !asked.has(object)).length;
    if (late > 0) return late;
    await client.query(
      `UPDATE _sluice.load_objects o SET removed = o.removed + t.rows FROM unnest($2::uuid[], $3::bigint[]) AS t(object, rows)
       WHERE o.table_name = $1 AND o.object_id = t.object`,
      [tableKey(table), counted.map(({ object }) => object), counted.map(({ rows }) => rows)],
    );
    await client.query(`ALTER TABLE ${quoteTable(table)} DETACH PARTITION ${quoteTable(partition)}`);
    await client.query(`DROP TABLE ${quoteTable(partition)}`);
    return 0;
  });
}
