import type { ClientBase, Pool } from 'pg';
import { withTransaction } from '../../postgres/pool.js';
import { quoteName } from '../../schema/columns.js';
import type { LoadRequest } from '../port.js';
import type { TableName } from './identifiers.js';
import { quoteTable, tableKey } from './identifiers.js';
import { hasKeyIndex } from './keyIndex.js';
import { mergeNames } from './modes/mergeSql.js';
import type { TablePlan } from './planTable.js';
import { planTable } from './planTable.js';
import { readTable } from './readTable.js';
import { boundWaits, setLocal } from './bounds.js';
import type { Bounds } from './bounds.js';

/**
 * Brings the table to what the columns need, in a transaction of its own before the load's: an ALTER TABLE inside the load would
 * shut readers out for as long as the rows flow. One process at a time changes a table; who waited plans again.
 * Safe to run twice. Errors: TARGET_MISMATCH, and Postgres's own.
 */
export async function prepareTable(
  pool: Pool,
  table: TableName,
  request: TableRequest,
  bounds: Bounds,
): Promise<TablePlan> {
  const { columns, signal } = request;
  const plan = planTable(table, columns, await readTable(pool, table));
  if (plan.ddl.length === 0 && (await planKeyIndex(pool, table, { request, plan })).length === 0) return plan;
  return await withTransaction(
    pool,
    async (client) => {
      await boundWaits(client, bounds);
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sluice ${tableKey(table)}`]);
      const { rows } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [table.schema]);
      if (rows.length === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(table.schema)}`);
      const { ddl, columns: wire } = planTable(table, columns, await readTable(client, table));
      // Widening may write the whole table anew.
      await setLocal(client, { statement_timeout: String(bounds.copyTimeoutMs) });
      for (const statement of ddl) await client.query(statement);
      const index = await planKeyIndex(client, table, { request, plan: { ddl, columns: wire } });
      for (const statement of index) await client.query(statement);
      return { ddl: [...ddl, ...index], columns: wire };
    },
    signal,
  );
}

/** What of a load shapes its table. */
export type TableRequest = Pick<LoadRequest, 'columns' | 'mode' | 'key' | 'orderBy' | 'table' | 'signal'>;

/** The unique index of an upsert's key, where it is missing. */
async function planKeyIndex(
  client: Pool | ClientBase,
  table: TableName,
  { request, plan: { columns } }: { readonly request: TableRequest; readonly plan: TablePlan },
): Promise<readonly string[]> {
  if (request.mode !== 'upsert') return [];
  const { key } = mergeNames({ request, columns });
  if (await hasKeyIndex(client, table, key)) return [];
  return [`CREATE UNIQUE INDEX ON ${quoteTable(table)} (${key.map(quoteName).join(', ')})`];
}
