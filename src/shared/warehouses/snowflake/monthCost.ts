import { SluiceError, toSluiceError } from '../../errors.js';
import type { LoadRow } from '../../ledger/port.js';
import type { Warehouse } from '../port.js';
import { type BudgetState, estimateLoads, judgeBudget, type Way } from './cost.js';
import { creditsOfMonth, pipeCreditsOfMonth } from './sql/cost.js';
import type { Statement } from './sql/statement.js';

/** What a target took this month, in credits. */
export interface MonthCost {
  readonly target: string;
  /** `account`: Snowflake's own account of it, hours late. `expected`: the sum of what the ledger's loads are expected to have cost. */
  readonly source: 'account' | 'expected';
  readonly queries: number;
  readonly warehouseCredits: number;
  readonly pipeCredits: number;
  /** Absent without `monthlyCredits` in the configuration. */
  readonly budget?: BudgetState;
}

/** A target whose month is asked for. */
export interface MonthOf {
  readonly target: string;
  /** As Snowflake stores its name. */
  readonly database: string;
  readonly monthlyCredits?: number | undefined;
}

/** Asks Snowflake what the target's queries and pipes took this month. Errors: TARGET_DENIED without the right to read it, TARGET_AWAY. */
export async function readMonthCost(
  warehouse: Pick<Warehouse, 'ask'>,
  { target, database, monthlyCredits }: MonthOf,
): Promise<MonthCost> {
  const ask = async ({ text }: Statement) => (await warehouse.ask(text)).rows;
  const [queries, credits] = (await ask(creditsOfMonth(target)))[0] ?? [];
  const pipes = await ask(pipeCreditsOfMonth(database));
  return withBudget(monthlyCredits, {
    target,
    source: 'account',
    queries: Number(queries ?? 0),
    warehouseCredits: Number(credits ?? 0),
    pipeCredits: pipes.reduce((sum, [, used]) => sum + Number(used ?? 0), 0),
  });
}

/** What the loads of the month are expected to have cost; pure. `loads`: of any target and time. */
export function expectMonthCost(
  loads: readonly LoadRow[],
  { target, monthlyCredits }: MonthOf,
  { nowMs, wayOf }: { readonly nowMs: number; readonly wayOf: (load: LoadRow) => Way },
): MonthCost {
  const month = monthOf(new Date(nowMs));
  const mine = loads.filter((load) => load.target === target && monthOf(load.committedAt) === month);
  const costs = estimateLoads(mine, wayOf);
  const sum = (way: Way) => costs.reduce((all, cost) => all + (cost?.way === way ? cost.expectedCredits : 0), 0);
  return withBudget(monthlyCredits, {
    target,
    source: 'expected',
    queries: mine.length,
    warehouseCredits: sum('copy'),
    pipeCredits: sum('snowpipe'),
  });
}

/** The month's cost by Snowflake's own account; without the right to read that, what is expected. Errors: TARGET_AWAY and others. */
export async function readOrExpect(
  read: () => Promise<MonthCost>,
  expect: () => Promise<MonthCost>,
): Promise<MonthCost> {
  return await read().catch((error: unknown) => {
    const { code } = toSluiceError(error);
    if (error instanceof SluiceError && (code === 'TARGET_DENIED' || code === 'TARGET_MISMATCH')) return expect();
    throw error;
  });
}

/** `2026-11`, UTC. */
export function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7);
}

function withBudget(monthlyCredits: number | undefined, cost: Omit<MonthCost, 'budget'>): MonthCost {
  if (monthlyCredits === undefined) return cost;
  return { ...cost, budget: judgeBudget(cost.warehouseCredits + cost.pipeCredits, monthlyCredits) };
}
