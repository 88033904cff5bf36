import type { PlanLimits } from './plan.js';
import type { PendingObject } from '../../shared/ledger/port.js';

/** However steadily files come, none waits longer than so many times `maxWait`. */
const PATIENCE = 10;

/**
 * When what waits in a scope may be its next batch (ms since 1970): when nothing came for `maxWaitMs`, so that a folder that is being
 * written is taken whole; or when the oldest has waited ten times as long. Undefined when nothing waits. Pure.
 */
export function replaceDueAtMs(
  pending: readonly Pick<PendingObject, 'arrivedAt'>[],
  { maxWaitMs }: Pick<PlanLimits, 'maxWaitMs'>,
): number | undefined {
  const times = pending.map(({ arrivedAt }) => arrivedAt.getTime());
  if (times.length === 0) return undefined;
  const oldest = times.reduce((first, at) => Math.min(first, at));
  const latest = times.reduce((last, at) => Math.max(last, at));
  return Math.min(latest + maxWaitMs, oldest + PATIENCE * maxWaitMs);
}
