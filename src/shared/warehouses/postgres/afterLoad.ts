import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { ownSession, processOf, withTransaction } from '../../postgres/pool.js';
import { quoteName } from '../../schema/columns.js';
import type { IndexRequest, LoadReceipt, LoadRequest } from '../port.js';
import type { Bounds } from './bounds.js';
import { boundWaits, setLocal } from './bounds.js';
import { targetError } from './errors.js';
import type { TableName } from './identifiers.js';
import { cutName, leavesOf, parseTableName, quoteTable, tableKey } from './identifiers.js';
import type { WireColumn } from './planTable.js';
import { planTable } from './planTable.js';
import { readTable } from './readTable.js';

/** A load of so many rows, and of so large a share of the table, is followed by ANALYZE: autovacuum comes later, and to partitioned tables never. */
const ANALYZE_ROWS = 50_000;
const ANALYZE_SHARE = 0.1;

export interface AfterLoad {
  readonly pool: Pool;
  readonly table: TableName;
  /** Schema of views that name none. */
  readonly schema: string;
  readonly bounds: Bounds;
  /** Does something beside what comes next, one after the other; nobody waits for it and nobody hears of its failure. */
  readonly later: (work: () => Promise<unknown>) => void;
}

/**
 * What a committed load leaves to do: declared indexes, statistics, materialized views. Best effort: a failure is a note in the receipt,
 * never a failed load. Runs for a load that was done before, too, so that a crash in between costs nothing.
 */
export async function afterLoad(
  context: AfterLoad,
  request: Pick<LoadRequest, 'columns' | 'indexes' | 'refresh'>,
  receipt: LoadReceipt,
): Promise<LoadReceipt> {
  const { table } = context;
  const notes: string[] = [];
  const attempt = async (doing: string, work: () => Promise<unknown>) => {
    await work().catch((error: unknown) => void notes.push(targetError(error, doing, tableKey(table)).message));
  };
  const { indexes = [], refresh = [] } = request;
  if (indexes.length > 0)
    await attempt('the indexes', async () => {
      const { columns } = planTable(table, request.columns, await readTable(context.pool, table));
      for (const index of indexes) await attempt('an index', () => buildIndex(context, columns, index));
    });
  if (receipt.kind === 'loaded' && receipt.rows >= ANALYZE_ROWS)
    context.later(() => refreshStatistics(context, receipt));
  for (const view of refresh) await attempt(`the refresh of ${view}`, () => refreshView(context, view));
  return notes.length === 0 ? receipt : { ...receipt, notes };
}

/**
 * Builds a declared index where it is missing. Its name is made of its definition, so that a changed one is a new one. On a plain table
 * CONCURRENTLY: writers do not wait; one that was left half-built is built anew. Partitioned tables know no such build.
 */
async function buildIndex(context: AfterLoad, columns: readonly WireColumn[], index: IndexRequest): Promise<void> {
  const { pool, table, bounds } = context;
  const { name, sql } = indexSql(table, columns, index);
  const { rows } = await pool.query<{ partitioned: boolean; valid: boolean | null }>(
    `SELECT c.relkind = 'p' AS partitioned, (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($2)) AS valid
     FROM pg_class c WHERE c.oid = to_regclass($1)`,
    [quoteTable(table), quoteTable({ ...table, name })],
  );
  const { partitioned = false, valid = null } = rows[0] ?? {};
  if (valid === true) return;
  if (partitioned) return inOwnTransaction(context, [`CREATE INDEX IF NOT EXISTS ${sql}`]);
  const client = await pool.connect();
  try {
    // Such a build has no transaction to bound; a session that a pooler shares keeps the bounds of its role.
    await client.query(
      `SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false) WHERE ${ownSession('$3')}`,
      [String(bounds.lockTimeoutMs), String(bounds.copyTimeoutMs), processOf(client)],
    );
    if (valid === false) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${quoteTable({ ...table, name })}`);
    await client.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${sql}`);
  } finally {
    // Its settings are the session's.
    client.release(true);
  }
}

/** A declared index: its name, and what stands after CREATE INDEX. Pure. */
export function indexSql(
  table: TableName,
  columns: readonly WireColumn[],
  index: IndexRequest,
): { readonly name: string; readonly sql: string } {
  const named = (list: readonly string[]) =>
    list.map((source) => quoteName(columns.find((column) => column.source === source)?.target ?? source)).join(', ');
  const include = index.include.length === 0 ? '' : ` INCLUDE (${named(index.include)})`;
  const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
  const definition = `(${named(index.columns)})${include}${where}`;
  const hash = createHash('sha256')
    .update(`${tableKey(table)} ${definition}`)
    .digest('hex')
    .slice(0, 12);
  const name = cutName(`${table.name}_${hash}`, () => hash);
  return { name, sql: `${quoteName(name)} ON ${quoteTable(table)} ${definition}` };
}

/** CONCURRENTLY where the view has rows and a unique index, so that its readers do not wait. */
async function refreshView(context: AfterLoad, text: string): Promise<void> {
  const view = parseTableName(text, context.schema);
  const { rows } = await context.pool.query<{ ready: boolean }>(
    `SELECT relispopulated AND EXISTS (SELECT FROM pg_index WHERE indrelid = oid AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL)
       AS ready FROM pg_class WHERE oid = to_regclass($1)`,
    [quoteTable(view)],
  );
  const concurrently = rows[0]?.ready === true ? 'CONCURRENTLY ' : '';
  await inOwnTransaction(context, [`REFRESH MATERIALIZED VIEW ${concurrently}${quoteTable(view)}`]);
}

/** The sample that ANALYZE takes costs half a second of the server's CPU, so the load does not wait for it: stale statistics harm plans, not rows. */
async function refreshStatistics(context: AfterLoad, { rows }: LoadReceipt): Promise<void> {
  const name = quoteTable(context.table);
  const known = await context.pool.query<{ rows: number }>(
    `SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 AS rows FROM ${leavesOf('$1')} leaves JOIN pg_class c ON c.oid = relid`,
    [name],
  );
  if (rows >= ANALYZE_SHARE * (known.rows[0]?.rows ?? 0)) await inOwnTransaction(context, [`ANALYZE ${name}`]);
}

async function inOwnTransaction({ pool, bounds }: AfterLoad, statements: readonly string[]): Promise<void> {
  await withTransaction(pool, async (client) => {
    await boundWaits(client, bounds);
    await setLocal(client, { statement_timeout: String(bounds.copyTimeoutMs) });
    for (const statement of statements) await client.query(statement);
  });
}
