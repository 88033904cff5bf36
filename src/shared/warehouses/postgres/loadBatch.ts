import type { Pool } from 'pg';
import { withTransaction } from '../../postgres/pool.js';
import type { LoadReceipt, LoadRequest } from '../port.js';
import type { LoadKey } from './books.js';
import { findLoad, openBooks, raiseFence, requireAttempt } from './books.js';
import type { Bounds } from './bounds.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import { prepareTable } from './prepareTable.js';
import { endOlderAttempts } from './rivals.js';
import { writeBatch } from './writeBatch.js';

/** The places where a load can be cut off, in order. `copying` is in the midst of the rows. */
export const LOAD_PHASES = [
  'fence-raised',
  'table-ready',
  'load-claimed',
  'objects-claimed',
  'removed',
  'copying',
  'copied',
  'written',
  'fence-held',
  'sealed',
  'committed',
] as const;
export type LoadPhase = (typeof LOAD_PHASES)[number];

/** Called at each phase, inside the load; for tests that cut the load off there. */
export type OnPhase = (phase: LoadPhase, request: LoadRequest) => Promise<void>;

/** What a load needs besides the request. */
export interface LoadContext {
  readonly pool: Pool;
  readonly table: TableName;
  readonly bounds: Bounds;
  /** `binary`: where it covers the batch's types. */
  readonly copyFormat: 'binary' | 'text';
  readonly onPhase?: OnPhase | undefined;
}

/**
 * Loads one batch exactly once. The commit of the one transaction that holds the books, the rows and the fence is the commit
 * point; everything before it is undone by a crash or repeatable, and a repeat after it answers `already`.
 */
export async function loadBatch(context: LoadContext, request: LoadRequest): Promise<LoadReceipt> {
  const { pool, table, bounds } = context;
  const { batch, attempt, signal } = request;
  const key: LoadKey = { table: tableKey(table), batch, attempt };
  const phase = async (name: LoadPhase) => {
    request.signal?.throwIfAborted();
    await context.onPhase?.(name, request);
  };
  await openBooks(pool, bounds);
  const fence = await raiseFence(pool, key, bounds);
  await phase('fence-raised');
  const done = await findLoad(pool, key);
  if (done !== undefined) return { kind: 'already', skipped: [], ...done };
  requireAttempt(fence, key);
  await endOlderAttempts(pool, key);
  await prepareTable(pool, table, request, bounds);
  await phase('table-ready');
  const receipt = await withTransaction(pool, (client) => writeBatch({ context, request, key, phase }, client), signal);
  if (receipt.kind === 'loaded') await phase('committed');
  return receipt;
}
