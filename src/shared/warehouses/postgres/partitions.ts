import type { ClientBase, Pool } from 'pg';
import { SluiceError } from '../../errors.js';
import { quoteName, quoteText } from '../../schema/columns.js';
import type { LoadRequest, PartitionSpan } from '../port.js';
import type { TableName } from './identifiers.js';
import { quoteTable, tableKey } from './identifiers.js';
import type { PartitionRange } from './partitionPlan.js';
import { missingRanges, parseBounds, rangeOf, rangesAhead } from './partitionPlan.js';
import type { WireColumn } from './planTable.js';

/** A load that needs more partitions than this is taken for a fault in its column of time. */
const MOST_SPANS = 1000;

/** How a table is partitioned, by its own names. */
export interface Partitioning {
  readonly column: string;
  readonly every: PartitionSpan;
}

/** The request's partitioning by the table's names; undefined without one. Errors: TARGET_MISMATCH for a column that holds no dates. */
export function partitioningOf(
  { partitionBy, table }: Pick<LoadRequest, 'partitionBy' | 'table'>,
  columns: readonly WireColumn[],
): Partitioning | undefined {
  if (partitionBy === undefined) return undefined;
  const column = columns.find(({ source }) => source === partitionBy.column);
  if (column !== undefined && /^(date|timestamp)/.test(column.postgres))
    return { column: column.target, every: partitionBy.every };
  const got = column === undefined ? 'no such column' : column.postgres;
  throw new SluiceError(
    'TARGET_MISMATCH',
    `expected ${quoteName(partitionBy.column)}, by which ${table} is partitioned, to hold dates or times, got ${got}`,
    { facts: { table, column: partitionBy.column } },
  );
}

/** The one column that a table is RANGE partitioned by; null for other partitionings, undefined for a table without. */
export async function readPartitionColumn(
  client: Pool | ClientBase,
  table: TableName,
): Promise<string | null | undefined> {
  const { rows } = await client.query<{ name: string | null }>(
    `SELECT CASE WHEN partstrat = 'r' AND partnatts = 1 THEN attname END AS name FROM pg_partitioned_table
     LEFT JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0] WHERE partrelid = to_regclass($1)`,
    [quoteTable(table)],
  );
  return rows[0]?.name;
}

/** Errors: TARGET_MISMATCH unless the table that stands is partitioned as the configuration says. */
export async function requirePartitioned(
  client: Pool | ClientBase,
  table: TableName,
  { column }: Partitioning,
): Promise<void> {
  const found = await readPartitionColumn(client, table);
  if (found === column) return;
  const got = found === undefined ? 'a table without partitions' : `one partitioned by ${found ?? 'something else'}`;
  throw new SluiceError(
    'TARGET_MISMATCH',
    `expected ${tableKey(table)} to be RANGE partitioned by ${quoteName(column)}, got ${got}`,
    { facts: { table: tableKey(table), column } },
  );
}

/**
 * The partitions that the batch's rows need and those of the time to come, as far as they are missing. No row is left to a DEFAULT
 * partition: rows without a time are refused. Errors: TARGET_REFUSED.
 */
export async function planPartitions(
  client: Pool | ClientBase,
  table: TableName,
  {
    request,
    every,
    nowMs,
  }: { readonly request: PartitionRequest; readonly every: PartitionSpan; readonly nowMs: number },
): Promise<readonly PartitionRange[]> {
  const needed = await readSpans(request, every);
  const wanted = [...needed.map((from) => rangeOf(from, every)), ...rangesAhead(nowMs, every)];
  return missingRanges(wanted, await readRanges(client, table));
}

/** What of a load decides its partitions. */
export type PartitionRequest = Pick<LoadRequest, 'partitionBy' | 'columns' | 'session' | 'source' | 'table' | 'signal'>;

/** The first days of the spans that the rows fall into. */
async function readSpans(request: PartitionRequest, every: PartitionSpan): Promise<readonly string[]> {
  const { session, source, signal, table, partitionBy, columns } = request;
  const column = partitionBy?.column ?? '';
  const name = quoteName(column);
  const zoned = columns.find((one) => one.name === column)?.type === 'TIMESTAMP WITH TIME ZONE';
  const time = zoned ? `${name} AT TIME ZONE 'UTC'` : name;
  const rows = await session.query(
    `SELECT CASE WHEN ${name} IS NULL OR NOT isfinite(${name}) OR year(${time}) NOT BETWEEN 1 AND 9998 THEN ''
       ELSE strftime(date_trunc(${quoteText(every)}, ${time}), '%Y-%m-%d') END AS span, count(*)::DOUBLE AS rows
     FROM ${source} GROUP BY 1 LIMIT ${MOST_SPANS + 1}`,
    signal,
  );
  const refuse = (message: string) => new SluiceError('TARGET_REFUSED', message, { facts: { table, column } });
  const without = rows.find(({ span }) => span === '');
  if (without !== undefined)
    throw refuse(
      `expected a time in ${name} of every row, by which the table is partitioned, got ${String(without['rows'])} rows without`,
    );
  if (rows.length > MOST_SPANS)
    throw refuse(`expected rows of at most ${MOST_SPANS} partitions (a ${every} each), got more in ${name}`);
  // DuckDB prints years before 1000 with fewer digits.
  return rows.map(({ span }) => String(span).padStart(10, '0'));
}

/** The ranges of the table's partitions. */
export async function readRanges(client: Pool | ClientBase, table: TableName): Promise<readonly PartitionRange[]> {
  const found = await readPartitions(client, table);
  return found.flatMap(({ range }) => range ?? []);
}

/** A partition that stands, and its range where it is one of times. */
export interface StandingPartition extends TableName {
  readonly range: PartitionRange | undefined;
}

/** The partitions of a table, in no order. */
export async function readPartitions(
  client: Pool | ClientBase,
  table: TableName,
): Promise<readonly StandingPartition[]> {
  const { rows } = await client.query<{ schema: string; name: string; bounds: string }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.inhparent = to_regclass($1)`,
    [quoteTable(table)],
  );
  return rows.map(({ schema, name, bounds }) => ({ schema, name, range: parseBounds(bounds) }));
}
