import type { ClientBase } from 'pg';
import { binaryCovers } from '../../engine/encoders/binaryLayout.js';
import { SluiceError } from '../../errors.js';
import type { ObjectId } from '../../ids.js';
import { quoteText } from '../../schema/columns.js';
import type { LoadReceipt, LoadRequest } from '../port.js';
import type { LoadKey } from './books.js';
import { claimLoad, findLoad, holdFence, sealLoad } from './books.js';
import { boundWaits, setLocal } from './bounds.js';
import { copyRows } from './copyRows.js';
import { explainRefusal } from './explainRefusal.js';
import { quoteTable, tableKey } from './identifiers.js';
import type { LoadContext, LoadPhase } from './loadBatch.js';
import type { WriteModeRules } from './modes/mode.js';
import { modes } from './modes/modes.js';
import type { WireColumn } from './planTable.js';
import { planTable } from './planTable.js';
import { readTable } from './readTable.js';
import { noteKeptOut, removeReplaced } from './removeReplaced.js';
import { loadName } from './rivals.js';
import { selectRows } from './selectRows.js';

/** A load on its way. */
export interface LoadWork {
  readonly context: LoadContext;
  readonly request: LoadRequest;
  readonly key: LoadKey;
  readonly phase: (name: LoadPhase) => Promise<void>;
}

/** The one transaction of a load: turn, claims in the books, rows, count, fence. */
export async function writeBatch(work: LoadWork, client: ClientBase): Promise<LoadReceipt> {
  const { context, request, key, phase } = work;
  const mode = modes[request.mode];
  await boundWaits(client, context.bounds);
  await keepPromises(client, key);
  if (mode.takesTurns) await takeTurn(client, key);
  if (!(await claimLoad(client, key, request))) {
    const entry = await findLoad(client, key);
    if (entry === undefined)
      throw new SluiceError('TARGET_BUSY', 'expected the load in the books, got none: it was removed');
    return { kind: 'already', skipped: [], ...entry };
  }
  await phase('load-claimed');
  const fresh = await mode.claim({ client, table: context.table, key, request });
  await phase('objects-claimed');
  const left = request.objects.filter(({ object }) => !fresh.has(object));
  const skipped = left.map(({ object }) => object);
  await noteKeptOut(client, key, left);
  const removes = request.removes.filter(({ by }) => fresh.has(by));
  if (removes.length > 0) {
    await setLocal(client, { statement_timeout: String(context.bounds.copyTimeoutMs) });
    await removeReplaced(client, { table: context.table, key }, removes);
  }
  await phase('removed');
  const present = await writeRows(work, client, { mode, fresh, skipped });
  await phase('written');
  await holdFence(client, key);
  await phase('fence-held');
  const entry = await sealLoad(client, key, present);
  await phase('sealed');
  return { kind: 'loaded', skipped, ...entry };
}

/** Waits until no other load that takes turns writes into the table; ends with the transaction. */
async function takeTurn(client: ClientBase, { table }: LoadKey): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sluice turn ${table}`]);
}

interface Share {
  readonly mode: WriteModeRules;
  readonly fresh: ReadonlySet<ObjectId>;
  readonly skipped: readonly ObjectId[];
}

async function writeRows(work: LoadWork, client: ClientBase, { mode, fresh, skipped }: Share): Promise<number> {
  const { context, request, key } = work;
  const wanted = request.objects.filter(({ object }) => fresh.has(object));
  const expected = wanted.reduce((sum, { rows }) => sum + rows, 0);
  const columns = await planLocked(work, client, mode.copyLock);
  await setLocal(client, { statement_timeout: String(context.bounds.copyTimeoutMs) });
  const { copied, present } = await mode
    .write({
      client,
      table: context.table,
      key,
      request,
      columns,
      expected,
      source: withoutObjects(request.source, skipped),
      copyInto: (into, source) => copyInto(work, client, { columns, into, source }),
    })
    .catch(async (error: unknown) => {
      throw await explainRefusal(error, columns, request);
    });
  await setLocal(client, { statement_timeout: String(context.bounds.statementTimeoutMs) });
  if (copied === expected) return present;
  throw new SluiceError('COUNT_MISMATCH', `expected ${expected} rows of the manifest in ${key.table}, got ${copied}`, {
    facts: { table: key.table, batch: key.batch, expected, got: copied },
  });
}

function withoutObjects(source: string, objects: readonly ObjectId[]): string {
  if (objects.length === 0) return source;
  const list = objects.map((object) => `${quoteText(object)}::UUID`).join(', ');
  return `(SELECT * FROM ${source} WHERE _sluice_object NOT IN (${list}))`;
}

interface Copying {
  readonly columns: readonly WireColumn[];
  /** Quoted. */
  readonly into: string;
  readonly source: string;
}

async function copyInto(
  { context, request, phase }: LoadWork,
  client: ClientBase,
  { columns, into, source }: Copying,
): Promise<number> {
  const { session, signal, batch } = request;
  const rows = selectRows(columns, batch, source);
  const binary = context.copyFormat === 'binary' && binaryCovers(rows.types);
  const encoding = binary ? 'postgres-binary' : 'postgres-text';
  const copied = await copyRows(client, into, { ...rows, session, encoding, signal }, () => phase('copying'));
  await phase('copied');
  return copied;
}

/**
 * How the columns travel into the table as it is now, and stays until the commit: another load may have widened a column since it was
 * prepared, and numeric would read a binary bigint as 0. The lock is the mode's own. Errors: TARGET_BUSY.
 */
async function planLocked(
  { context: { table }, request }: LoadWork,
  client: ClientBase,
  lock: WriteModeRules['copyLock'],
): Promise<readonly WireColumn[]> {
  await client.query(`LOCK TABLE ONLY ${quoteTable(table)} IN ${lock} MODE`);
  const { ddl, columns: wire } = planTable(table, request.columns, await readTable(client, table));
  if (ddl.length === 0) return wire;
  throw new SluiceError(
    'TARGET_BUSY',
    `expected ${tableKey(table)} as it was prepared, got a table that somebody changed`,
    { facts: { table: tableKey(table) } },
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
