import type { Config } from '../../shared/config/config.js';
import { type BudgetState, judgeBudget } from '../../shared/warehouses/snowflake/cost.js';
import { readIdentifier } from '../../shared/warehouses/snowflake/identifiers.js';
import { openSnowflakeTarget } from '../../shared/warehouses/snowflake/openSnowflakeTarget.js';
import { creditsOfMonth, pipeCreditsOfMonth } from '../../shared/warehouses/snowflake/sql/cost.js';
import type { Statement } from '../../shared/warehouses/snowflake/sql/statement.js';
import type { Output } from '../output.js';
import { snowflakeTarget } from './setup.js';

/** What a target took this month, in credits. */
export interface MonthCost {
  readonly target: string;
  readonly queries: number;
  readonly warehouseCredits: number;
  readonly pipeCredits: number;
  /** Absent without `monthlyCredits` in the configuration. */
  readonly budget?: BudgetState;
}

/**
 * Asks Snowflake what the target's queries and pipes took this month: its accounts are hours late, and the role needs the right to
 * read them. Errors: TARGET_DENIED, TARGET_AWAY, USAGE.
 */
export async function readCost(config: Config, named: string | undefined): Promise<MonthCost> {
  const [name, target] = snowflakeTarget(config, named);
  const warehouse = openSnowflakeTarget(config, name, target);
  try {
    const ask = async ({ text }: Statement) => (await warehouse.ask(text)).rows;
    const [queries, credits] = (await ask(creditsOfMonth(name)))[0] ?? [];
    const pipes = await ask(pipeCreditsOfMonth(readIdentifier(target.database)));
    const warehouseCredits = Number(credits ?? 0);
    const pipeCredits = pipes.reduce((sum, [, used]) => sum + Number(used ?? 0), 0);
    const budget =
      target.monthlyCredits === undefined
        ? {}
        : { budget: judgeBudget(warehouseCredits + pipeCredits, target.monthlyCredits) };
    return { target: name, queries: Number(queries ?? 0), warehouseCredits, pipeCredits, ...budget };
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
