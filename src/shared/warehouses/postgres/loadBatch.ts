import type { ClientBase, Pool } from 'pg';
import { binaryCovers } from '../../engine/encoders/binaryLayout.js';
import type { ObjectId } from '../../ids.js';
import { SluiceError } from '../../errors.js';
import { withTransaction } from '../../postgres/pool.js';
import type { LoadReceipt, LoadRequest } from '../port.js';
import type { LoadKey } from './books.js';
import {
  claimLoad,
  claimObjects,
  findLoad,
  holdFence,
  openBooks,
  raiseFence,
  requireAttempt,
  sealLoad,
} from './books.js';
import type { Bounds } from './bounds.js';
import { boundWaits, setLocal } from './bounds.js';
import { copyRows } from './copyRows.js';
import { explainRefusal } from './explainRefusal.js';
import type { TableName } from './identifiers.js';
import { quoteTable, tableKey } from './identifiers.js';
import { modes } from './modes/modes.js';
import type { WireColumn } from './planTable.js';
import { planTable } from './planTable.js';
import { prepareTable } from './prepareTable.js';
import { readTable } from './readTable.js';
import { noteKeptOut, removeReplaced } from './removeReplaced.js';
import { endOlderAttempts, loadName } from './rivals.js';
import { selectRows } from './selectRows.js';

/** The places where a load can be cut off, in order. `copying` is in the midst of the rows. */
export const LOAD_PHASES = [
  'fence-raised',
  'table-ready',
  'load-claimed',
  'objects-claimed',
  'removed',
  'copying',
  'copied',
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

interface Work {
  readonly context: LoadContext;
  readonly request: LoadRequest;
  readonly key: LoadKey;
  readonly phase: (name: LoadPhase) => Promise<void>;
}

/** The transaction: claims in the books, rows, count, fence. */
async function writeBatch({ context, request, key, phase }: Work, client: ClientBase): Promise<LoadReceipt> {
  await boundWaits(client, context.bounds);
  await keepPromises(client, key);
  if (!(await claimLoad(client, key, request.manifestHash))) {
    const entry = await findLoad(client, key);
    if (entry === undefined)
      throw new SluiceError('TARGET_BUSY', 'expected the load in the books, got none: it was removed');
    return { kind: 'already', skipped: [], ...entry };
  }
  await phase('load-claimed');
  const fresh = await claimObjects(client, key, request.objects);
  await phase('objects-claimed');
  const wanted = request.objects.filter(({ object }) => fresh.has(object));
  const left = request.objects.filter(({ object }) => !fresh.has(object));
  const skipped = left.map(({ object }) => object);
  await noteKeptOut(client, key, left);
  const removes = request.removes.filter(({ by }) => fresh.has(by));
  if (removes.length > 0) {
    await setLocal(client, { statement_timeout: String(context.bounds.copyTimeoutMs) });
    await removeReplaced(client, { table: context.table, key }, removes);
  }
  await phase('removed');
  const expected = wanted.reduce((sum, { rows }) => sum + rows, 0);
  const present = expected === 0 ? 0 : await writeRows({ context, request, key, phase }, client, { skipped, expected });
  await phase('copied');
  await holdFence(client, key);
  await phase('fence-held');
  const entry = await sealLoad(client, key, present);
  await phase('sealed');
  return { kind: 'loaded', skipped, ...entry };
}

interface Share {
  readonly skipped: readonly ObjectId[];
  readonly expected: number;
}

async function writeRows(work: Work, client: ClientBase, { skipped, expected }: Share): Promise<number> {
  const { context, request, key, phase } = work;
  const { batch, session, signal, source } = request;
  const wire = await planLocked(client, context.table, request.columns);
  const rows = selectRows(wire, batch, source, skipped);
  const binary = context.copyFormat === 'binary' && binaryCovers(rows.types);
  const encoding = binary ? 'postgres-binary' : 'postgres-text';
  await setLocal(client, { statement_timeout: String(context.bounds.copyTimeoutMs) });
  const { copied, present } = await modes[request.mode]({
    client,
    table: context.table,
    columns: wire,
    copyInto: (into) => copyRows(client, into, { ...rows, session, encoding, signal }, () => phase('copying')),
  }).catch(async (error: unknown) => {
    throw await explainRefusal(error, wire, request);
  });
  await setLocal(client, { statement_timeout: String(context.bounds.statementTimeoutMs) });
  if (copied === expected) return present;
  throw new SluiceError('COUNT_MISMATCH', `expected ${expected} rows of the manifest in ${key.table}, got ${copied}`, {
    facts: { table: key.table, batch, expected, got: copied },
  });
}

/**
 * How the columns travel into the table as it is now, and stays until the commit: another load may have widened a column since it was
 * prepared, and numeric would read a binary bigint as 0. The lock is the one that COPY takes. Errors: TARGET_BUSY.
 */
async function planLocked(
  client: ClientBase,
  table: TableName,
  columns: LoadRequest['columns'],
): Promise<readonly WireColumn[]> {
  await client.query(`LOCK TABLE ONLY ${quoteTable(table)} IN ROW EXCLUSIVE MODE`);
  const { ddl, columns: wire } = planTable(table, columns, await readTable(client, table));
  if (ddl.length === 0) return wire;
  throw new SluiceError(
    'TARGET_BUSY',
    `expected ${tableKey(table)} as it was prepared, got a table that somebody changed`,
    {
      facts: { table: tableKey(table) },
    },
  );
}

/** Settings of the role or the database that would change how values are read, or let a commit be forgotten in a crash. */
async function keepPromises(client: ClientBase, key: LoadKey): Promise<void> {
  await client.query(
    `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`,
  );
  await setLocal(client, {
    application_name: loadName(key),
    client_encoding: 'UTF8',
    DateStyle: 'ISO, YMD',
    IntervalStyle: 'postgres',
    TimeZone: 'UTC',
    // The server finds out within 40 s that a worker's machine is gone, and frees the locks.
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '10',
    tcp_keepalives_count: '3',
  });
}
