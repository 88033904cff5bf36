import { expect } from 'vitest';
import { auditDatasets } from '../../src/cli/audit.js';
import type { Pipeline } from './pipeline.js';

/** The ids of the table `orders`, in order; none while there is no such table. */
export async function orderIds(pipeline: Pipeline): Promise<readonly unknown[]> {
  const [there] = await pipeline.query("select to_regclass('orders') is not null as yes");
  if (there?.['yes'] !== true) return [];
  return (await pipeline.query('select id::int as id from orders order by id')).map(({ id }) => id);
}

/** Resolves when the ledger has nothing left to do: rows are visible in a target a moment before the ledger notes them. */
export async function atRest(pipeline: Pipeline): Promise<void> {
  await pipeline.until(async () =>
    (await pipeline.services.ledger.recovery.backlog()).every(({ pending, openSteps }) => pending + openSteps === 0),
  );
}

/** Fails, naming what does not balance, unless every object of `orders` is accounted for once the ledger is at rest. */
export async function expectBalanced(pipeline: Pipeline): Promise<void> {
  await atRest(pipeline);
  const { balanced, objects } = await auditDatasets(pipeline.services, ['orders'], new AbortController().signal);
  const bad = objects.filter(({ verdict }) => verdict !== 'balanced');
  expect({ balanced, bad }).toEqual({ balanced: true, bad: [] });
}
