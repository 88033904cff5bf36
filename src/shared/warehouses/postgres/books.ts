import type { ClientBase, Pool } from 'pg';
import { withTransaction } from '../../postgres/pool.js';
import type { BatchId, ObjectId } from '../../ids.js';
import { asObjectId } from '../../ids.js';
import { SluiceError } from '../../errors.js';
import { boundWaits } from './bounds.js';
import type { Bounds } from './bounds.js';
import type { LoadRequest } from '../port.js';

/** The target's own books. The ledger's notes about loads are a cache of these. */
const SCHEMA = [
  'CREATE SCHEMA IF NOT EXISTS _sluice',
  `CREATE TABLE IF NOT EXISTS _sluice.loads (
    table_name text NOT NULL, batch uuid NOT NULL, manifest_hash text NOT NULL, attempt integer NOT NULL,
    rows bigint NOT NULL, committed_at timestamptz NOT NULL, PRIMARY KEY (table_name, batch))`,
  `CREATE TABLE IF NOT EXISTS _sluice.load_objects (
    table_name text NOT NULL, object_id uuid NOT NULL, batch uuid NOT NULL, rows bigint NOT NULL,
    PRIMARY KEY (table_name, object_id))`,
  `ALTER TABLE _sluice.load_objects ADD COLUMN IF NOT EXISTS replaced_by uuid,
    ADD COLUMN IF NOT EXISTS removed bigint NOT NULL DEFAULT 0`,
  `ALTER TABLE _sluice.loads ADD COLUMN IF NOT EXISTS scope text`,
  `ALTER TABLE _sluice.load_objects ADD COLUMN IF NOT EXISTS unchanged bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS overwritten bigint NOT NULL DEFAULT 0`,
  `CREATE TABLE IF NOT EXISTS _sluice.fences (
    table_name text NOT NULL, batch uuid NOT NULL, attempt integer NOT NULL, PRIMARY KEY (table_name, batch))`,
];

/** A load's place in the books. */
export interface LoadKey {
  /** As `tableKey` writes it. */
  readonly table: string;
  readonly batch: BatchId;
  readonly attempt: number;
}

/** What the books hold of a batch that was loaded. */
export interface LoadEntry {
  readonly rows: number;
  readonly committedAt: Date;
}

/** Creates the books where they are missing. Safe to run twice and at once. */
export async function openBooks(pool: Pool, bounds: Bounds): Promise<void> {
  const { rows } = await pool.query<{ ready: boolean }>(
    `SELECT to_regclass('_sluice.fences') IS NOT NULL AND to_regclass('_sluice.loads') IS NOT NULL
       AND (SELECT count(*) = 4 FROM pg_attribute WHERE NOT attisdropped
         AND attrelid = to_regclass('_sluice.load_objects') AND attname IN ('removed', 'replaced_by', 'unchanged', 'overwritten'))
       AS ready`,
  );
  if (rows[0]?.ready === true) return;
  await withTransaction(pool, async (client) => {
    await boundWaits(client, bounds);
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('sluice books', 0))`);
    for (const statement of SCHEMA) await client.query(statement);
  });
}

/**
 * Raises the fence in a transaction of its own, and returns where it stands: from here on no older attempt can commit. It stands
 * higher than the attempt when a newer one was here before.
 */
export async function raiseFence(
  pool: Pool,
  { table, batch, attempt }: LoadKey,
  bounds: Bounds,
): Promise<number | undefined> {
  return await withTransaction(pool, async (client) => {
    await boundWaits(client, bounds);
    const { rows } = await client.query<{ attempt: number }>(
      `INSERT INTO _sluice.fences AS fence (table_name, batch, attempt) VALUES ($1, $2, $3)
       ON CONFLICT (table_name, batch) DO UPDATE SET attempt = greatest(fence.attempt, excluded.attempt)
       RETURNING attempt`,
      [table, batch, attempt],
    );
    return rows[0]?.attempt;
  });
}

/** Locks the fence until the commit. Errors: LOAD_FENCED unless it stands at this attempt. */
export async function holdFence(client: ClientBase, { table, batch, attempt }: LoadKey): Promise<void> {
  const { rows } = await client.query<{ attempt: number }>(
    'SELECT attempt FROM _sluice.fences WHERE table_name = $1 AND batch = $2 FOR UPDATE',
    [table, batch],
  );
  requireAttempt(rows[0]?.attempt, { table, batch, attempt });
}

/** Errors: LOAD_FENCED unless the fence stands at this attempt. */
export function requireAttempt(stored: number | undefined, { table, batch, attempt }: LoadKey): void {
  if (stored === attempt) return;
  throw new SluiceError('LOAD_FENCED', `expected the fence at attempt ${attempt}, got ${stored ?? 'none'}`, {
    facts: { table, batch, attempt, fence: stored },
  });
}

/** The batch's entry; undefined when it was not loaded. */
export async function findLoad(client: ClientBase | Pool, { table, batch }: LoadKey): Promise<LoadEntry | undefined> {
  const { rows } = await client.query<{ rows: number; committed_at: Date }>(
    'SELECT rows, committed_at FROM _sluice.loads WHERE table_name = $1 AND batch = $2',
    [table, batch],
  );
  const [entry] = rows;
  return entry && { rows: entry.rows, committedAt: entry.committed_at };
}

/** Enters the batch; false when it is there already. Waits for another transaction that is entering it. */
export async function claimLoad(
  client: ClientBase,
  key: LoadKey,
  { manifestHash, mode, scope }: Pick<LoadRequest, 'manifestHash' | 'mode' | 'scope'>,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO _sluice.loads (table_name, batch, manifest_hash, attempt, rows, committed_at, scope)
     VALUES ($1, $2, $3, $4, 0, now(), $5) ON CONFLICT DO NOTHING`,
    [key.table, key.batch, manifestHash, key.attempt, mode === 'replace' ? (scope ?? '') : null],
  );
  return rowCount === 1;
}

/** Enters the objects and returns those that are new to the table; the others were loaded by another batch. */
export async function claimObjects(
  client: ClientBase,
  { table, batch }: LoadKey,
  objects: readonly { readonly object: ObjectId; readonly rows: number }[],
): Promise<ReadonlySet<ObjectId>> {
  // Sorted, so that two batches that share objects wait for each other instead of deadlocking.
  const { rows } = await client.query<{ object_id: string }>(
    `INSERT INTO _sluice.load_objects (table_name, object_id, batch, rows)
     SELECT $1, object, $2, rows FROM unnest($3::uuid[], $4::bigint[]) AS claimed(object, rows) ORDER BY object
     ON CONFLICT DO NOTHING RETURNING object_id`,
    [table, batch, objects.map(({ object }) => object), objects.map(({ rows }) => rows)],
  );
  return new Set(rows.map((row) => asObjectId(row.object_id)));
}

/** Completes the batch's entry: its rows, and the target's time just before the commit. */
export async function sealLoad(client: ClientBase, { table, batch }: LoadKey, rows: number): Promise<LoadEntry> {
  const sealed = await client.query<{ committed_at: Date }>(
    `UPDATE _sluice.loads SET rows = $3, committed_at = clock_timestamp() WHERE table_name = $1 AND batch = $2
     RETURNING committed_at`,
    [table, batch, rows],
  );
  const [entry] = sealed.rows;
  if (entry === undefined) throw new SluiceError('INTERNAL', 'expected the load to be in the books, got no row');
  return { rows, committedAt: entry.committed_at };
}
