import type { ClientBase, Pool } from 'pg';
import { SluiceError } from '../../errors.js';
import { withTransaction } from '../../postgres/pool.js';
import { quoteName } from '../../schema/columns.js';
import type { LoadRequest } from '../port.js';
import type { TableName } from './identifiers.js';
import { leavesOf, quoteTable, tableKey } from './identifiers.js';
import { findKeyIndex } from './keyIndex.js';
import { mergeNames } from './modes/mergeSql.js';
import { createPartition } from './partitionPlan.js';
import type { PartitionRequest } from './partitions.js';
import { partitioningOf, planPartitions, readPartitionColumn, requirePartitioned } from './partitions.js';
import type { TablePlan } from './planTable.js';
import { planTable } from './planTable.js';
import { readTable } from './readTable.js';
import { boundWaits, setLocal } from './bounds.js';
import type { Bounds } from './bounds.js';

/** What of a load shapes its table. */
export type TableRequest = PartitionRequest & Pick<LoadRequest, 'mode' | 'key' | 'orderBy'>;

/**
 * Brings the table to what the load needs (columns, the key's index, partitions), in a transaction of its own before the load's: an ALTER
 * TABLE inside the load would shut readers out for as long as the rows flow. One process at a time changes a table; who waited plans
 * again. Safe to run twice. Errors: TARGET_MISMATCH, TARGET_REFUSED, and Postgres's own.
 */
export async function prepareTable(
  pool: Pool,
  table: TableName,
  request: TableRequest,
  bounds: Bounds,
): Promise<TablePlan> {
  const plan = await planColumns(pool, table, request);
  if (plan.ddl.length === 0 && (await planShape(pool, table, { request, plan })).length === 0) return plan;
  return await withTransaction(
    pool,
    async (client) => {
      await boundWaits(client, bounds);
      await setLocal(client, { TimeZone: 'UTC' });
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sluice ${tableKey(table)}`]);
      const { rows } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [table.schema]);
      if (rows.length === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(table.schema)}`);
      const columnPlan = await planColumns(client, table, request);
      const { ddl, rewrites } = columnPlan;
      if (rewrites.length > 0) await requireSmall(client, table, { rewrites, bounds });
      // Widening may write the whole table anew.
      await setLocal(client, { statement_timeout: String(bounds.copyTimeoutMs) });
      for (const statement of ddl) await client.query(statement);
      const shape = await planShape(client, table, { request, plan: columnPlan });
      for (const statement of shape) await client.query(statement);
      return { ...columnPlan, ddl: [...ddl, ...shape] };
    },
    request.signal,
  );
}

/** Errors: TARGET_MISMATCH for a table that is too large to be shut for as long as its rows are written anew. */
async function requireSmall(
  client: ClientBase,
  table: TableName,
  { rewrites, bounds }: { readonly rewrites: readonly string[]; readonly bounds: Bounds },
): Promise<void> {
  const { rows } = await client.query<{ bytes: number }>(
    `SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::float8 AS bytes FROM ${leavesOf('$1')} leaves`,
    [quoteTable(table)],
  );
  const bytes = rows[0]?.bytes ?? 0;
  if (bytes <= bounds.rewriteBytes) return;
  throw new SluiceError(
    'TARGET_MISMATCH',
    `expected at most ${bounds.rewriteBytes} bytes to write anew for the wider ${rewrites.map(quoteName).join(', ')} of ${tableKey(table)}, got ${bytes}: widen it by hand, or raise rewriteLimit of the target`,
    { facts: { table: tableKey(table), bytes } },
  );
}

async function planColumns(client: Pool | ClientBase, table: TableName, request: TableRequest): Promise<TablePlan> {
  const { columns, partitionBy } = request;
  return planTable(table, columns, await readTable(client, table), {
    storage: storageOf(request),
    ...(partitionBy === undefined ? {} : { partitionBy: partitionBy.column }),
  });
}

/**
 * Rows of an upsert change in place: a tenth of each page is left free, so that a changed row can stay in its page and its indexes
 * untouched, and vacuum comes at a twentieth of changed rows instead of a fifth.
 */
function storageOf({ mode }: Pick<LoadRequest, 'mode'>): string {
  return mode === 'upsert' ? ' WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05)' : '';
}

interface Shaping {
  readonly request: TableRequest;
  readonly plan: TablePlan;
}

/** The key's index and the partitions that are missing; of a table that stands. */
async function planShape(
  client: Pool | ClientBase,
  table: TableName,
  { request, plan }: Shaping,
): Promise<readonly string[]> {
  const { columns } = plan;
  const index = await planKeyIndex(client, table, { request, plan });
  const partitioning = partitioningOf(request, columns);
  if (partitioning === undefined) return index;
  await requirePartitioned(client, table, partitioning);
  const ranges = await planPartitions(client, table, { request, every: partitioning.every, nowMs: Date.now() });
  return [...index, ...ranges.flatMap((range) => createPartition(table, range, storageOf(request)))];
}

/**
 * The index of an upsert's key: unique, unless partitions by another column forbid it. Of a new table the primary key, by which logical
 * replication finds the rows that change; a table that stands would have to be read for NULLs, with everybody shut out.
 */
async function planKeyIndex(
  client: Pool | ClientBase,
  table: TableName,
  { request, plan: { columns, creates } }: Shaping,
): Promise<readonly string[]> {
  if (request.mode !== 'upsert') return [];
  const { key } = mergeNames({ request, columns });
  const found = await findKeyIndex(client, table, key);
  const partition = await readPartitionColumn(client, table);
  const unique = partition === undefined || (partition !== null && key.includes(partition));
  if (found === 'unique' || (found === 'plain' && !unique)) return [];
  const list = key.map(quoteName).join(', ');
  if (unique && creates) return [`ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (${list})`];
  return [`CREATE ${unique ? 'UNIQUE ' : ''}INDEX ON ${quoteTable(table)} (${list})`];
}
