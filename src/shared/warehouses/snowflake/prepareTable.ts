import type { Column } from '../../schema/columns.js';
import type { TableName } from './identifiers.js';
import type { TablePlan } from './planTable.js';
import { planTable } from './planTable.js';
import { readTable } from './readTable.js';
import type { Run } from './run.js';
import { createSchema } from './sql/table.js';

/**
 * Brings the table to what the columns need, before the load's transaction: DDL commits in Snowflake. Safe to run twice and at once:
 * each statement changes nothing where it was done. Errors: TARGET_MISMATCH, TARGET_DENIED.
 */
export async function prepareTable(
  run: Run,
  table: TableName,
  columns: readonly Column[],
  clusterBy: readonly string[],
): Promise<TablePlan> {
  const existing = await readTable(run, table);
  const plan = planTable(table, columns, { existing, clusterBy });
  if (plan.ddl.length === 0) return plan;
  if (existing === undefined) await run(createSchema(table));
  for (const statement of plan.ddl) await run(statement);
  return planTable(table, columns, { existing: await readTable(run, table), clusterBy });
}
