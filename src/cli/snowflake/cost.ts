import type { Config } from '../../shared/config/config.js';
import { readIdentifier } from '../../shared/warehouses/snowflake/identifiers.js';
import { type MonthCost, readMonthCost } from '../../shared/warehouses/snowflake/monthCost.js';
import { openSnowflakeTarget } from '../../shared/warehouses/snowflake/openSnowflakeTarget.js';
import type { Output } from '../output.js';
import { snowflakeTarget } from './setup.js';

/**
 * Asks Snowflake what the target's queries and pipes took this month: its accounts are hours late, and the role needs the right to
 * read them. Errors: TARGET_DENIED, TARGET_AWAY, USAGE.
 */
export async function readCost(config: Config, named: string | undefined): Promise<MonthCost> {
  const [name, target] = snowflakeTarget(config, named);
  const warehouse = openSnowflakeTarget(config, name, target);
  try {
    const database = readIdentifier(target.database);
    return await readMonthCost(warehouse, { target: name, database, monthlyCredits: target.monthlyCredits });
  } finally {
    await warehouse.close();
  }
}

/** The same for people; from 80% of the budget on it is a warning. */
export function showCost(output: Output, { target, queries, warehouseCredits, pipeCredits, budget }: MonthCost): void {
  output.table(
    ['target', 'queries', 'credits of warehouses', 'credits of pipes'],
    [[target, queries, warehouseCredits, pipeCredits]],
  );
  if (budget === undefined) return;
  const text = `${Math.round(budget.used * 100)}% of the month's budget`;
  output.line(budget.kind === 'within' ? output.paint.good(text) : output.paint.bad(text));
}
