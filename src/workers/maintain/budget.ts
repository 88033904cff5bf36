import { raiseAlert } from '../../shared/alerts/raiseAlert.js';
import type { SnowflakeTargetConfig } from '../../shared/config/config.js';
import type { LoadRow } from '../../shared/ledger/port.js';
import { readIdentifier } from '../../shared/warehouses/snowflake/identifiers.js';
import {
  expectMonthCost,
  monthOf,
  type MonthCost,
  readMonthCost,
  readOrExpect,
} from '../../shared/warehouses/snowflake/monthCost.js';
import type { WorkerContext } from '../context.js';

/** Loads of the ledger that an expectation is made of, the newest. */
const LOADS = 10_000;

type Context = Pick<WorkerContext, 'config' | 'ledger' | 'logger' | 'clock' | 'warehouse'>;

/**
 * Looks at the month's credits of each Snowflake target with `monthlyCredits`, and raises an alert from 80% of them on, and another one
 * above them. Returns how many targets were looked at and how many are near or over. Safe to run twice: the same alert is counted.
 */
export async function watchBudgets(context: Context): Promise<{ readonly targets: number; readonly near: number }> {
  const { config, logger } = context;
  let [targets, near] = [0, 0];
  for (const [name, target] of Object.entries(config.targets)) {
    if (target.type !== 'snowflake' || target.monthlyCredits === undefined) continue;
    targets += 1;
    const cost = await readTarget(context, name, target);
    if (cost.budget === undefined || cost.budget.kind === 'within') continue;
    near += 1;
    logger.warn({ target: name, used: cost.budget.used, source: cost.source }, 'a budget of credits runs out');
    await raiseAlert(context, budgetAlert(cost, target.monthlyCredits, monthOf(new Date(context.clock.now()))));
  }
  return { targets, near };
}

async function readTarget(context: Context, name: string, target: SnowflakeTargetConfig): Promise<MonthCost> {
  const { config, ledger, warehouse, clock } = context;
  const month = { target: name, database: readIdentifier(target.database), monthlyCredits: target.monthlyCredits };
  const piped = new Set(
    config.datasets.flatMap(({ load }) =>
      load.flatMap(({ via, ...one }) => (via === 'snowpipe' ? [placeOf(one)] : [])),
    ),
  );
  const wayOf = (load: LoadRow) => (piped.has(placeOf(load)) ? ('snowpipe' as const) : ('copy' as const));
  return await readOrExpect(
    () => readMonthCost(warehouse(name), month),
    async () => expectMonthCost(await ledger.read.loads(undefined, LOADS), month, { nowMs: clock.now(), wayOf }),
  );
}

function placeOf({ target, table }: { readonly target: string; readonly table: string }): string {
  return `${target}\n${table}`;
}

function budgetAlert(cost: MonthCost, monthlyCredits: number, month: string) {
  const { target, source, budget } = cost;
  const over = budget?.kind === 'over';
  return {
    kind: 'budget' as const,
    dataset: target,
    name: over ? `the credits of ${month} are used up` : `80% of the credits of ${month} are used`,
    facts: {
      credits: cost.warehouseCredits + cost.pipeCredits,
      monthlyCredits,
      usedPercent: Math.round((budget?.used ?? 0) * 100),
      source: source === 'account' ? 'Snowflake’s own account' : 'expected from the loads in the ledger',
      mend: 'sluice loads DATASET shows the dear loads and the cheaper way; batch larger, or raise monthlyCredits.',
    },
  };
}
