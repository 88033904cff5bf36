import type { Column } from '../../schema/columns.js';
import type { TableName } from './identifiers.js';
import type { TablePlan } from './planTable.js';
import { planTable } from './planTable.js';
import { isAbsent, readTable } from './readTable.js';
import type { Run } from './run.js';
import type { Statement } from './sql/statement.js';
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
  await createWithin(run, table, plan.ddl);
  return planTable(table, columns, { existing: await readTable(run, table), clusterBy });
}

/**
 * Runs statements that create things in a schema, and creates the schema only where it is missing: a loading role need not have the
 * right to.
 */
export async function createWithin(
  run: Run,
  place: Pick<TableName, 'database' | 'schema'>,
  statements: readonly Statement[],
): Promise<void> {
  const [first, ...rest] = statements;
  if (first === undefined) return;
  await run(first).catch(async (error: unknown) => {
    if (!isAbsent(error)) throw error;
    await run(createSchema(place));
    await run(first);
  });
  for (const statement of rest) await run(statement);
}
