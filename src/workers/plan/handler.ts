import { newBatchId } from '../../shared/ids.js';
import { type JobPayload, planJob, stepJob } from '../../shared/jobs/catalogue.js';
import type { Outcome } from '../../shared/outcome.js';
import type { WorkerContext } from '../context.js';
import { SHARE_MS } from '../planPartitions.js';
import { tellPlan } from '../traces.js';
import { pageSize, type PlanLimits, planPage } from './plan.js';
import { planScope, scopeOf } from './replaceScope.js';

/** Objects read in one plan of a batch that cannot be divided: far more than it may have. */
const SCOPE_PAGE = 50_000;

/** A partition that got nothing for this long has its burst behind it: intake's own pauses are shorter. */
const QUIET_MS = 1000;

/**
 * Packs what is pending in one partition into batches. Commit point: `ledger.plans.commitPlan`. Safe to run twice: an
 * object taken by another plan voids the batch that wants it again.
 */
export async function handlePlan(context: WorkerContext, payload: JobPayload<'plan'>): Promise<Outcome> {
  const { ledger, queue, clock } = context;
  const dataset = context.config.datasets.find(({ name }) => name === payload.dataset);
  // Its objects stay pending: the reconciler says so once, and plans them when the dataset is configured again.
  if (dataset === undefined) return { kind: 'skip', reason: 'the configuration does not have this dataset' };
  const place = { dataset: payload.dataset, partition: payload.partition };
  const scope = scopeOf(dataset);
  const page = scope === undefined ? pageSize(dataset.batch) : SCOPE_PAGE;
  const pending = await ledger.plans.beginPlan(place, page);
  if (scope !== undefined) return planScope(context, scope, { dataset, payload, pending });
  const now = clock.now();
  const closeNow = context.closeNow || payload.closeNow === true;
  const limits = { ...dataset.batch, quietMs: QUIET_MS, ...(closeNow ? { maxWaitMs: 0 } : {}) };
  const first = planPage(pending, limits, { nowMs: now, page });
  const shares = first.isClosedByTime && !closeNow && (await ledger.plans.hasYoungBatch(place));
  const plan = shares ? planPage(pending, waitLonger(limits, SHARE_MS), { nowMs: now, page }) : first;
  const loads = dataset.load.map(({ target, table }) => ({ target, table }));
  const batches = plan.batches.map((objects) => ({
    batch: newBatchId(now),
    objects: objects.map(({ object }) => object),
    configHash: dataset.hash,
    loads,
  }));
  const steps = batches.length === 0 ? [] : await ledger.plans.commitPlan(place, batches);
  const taken = new Set(steps.map(({ batch }) => batch));
  for (const one of batches)
    if (taken.has(one.batch)) tellPlan(one, { dataset: payload.dataset, startMs: now, endMs: clock.now() });
  await queue.enqueue(steps.map((step) => stepJob(step)));
  // A batch that lost an object to another plan is void: what it wanted is planned again at once.
  const again = steps.length < batches.length ? now : plan.dueAtMs;
  if (again !== undefined) {
    const dispatch = await ledger.plans.planAgainAt(place, new Date(again));
    await queue.enqueue([
      planJob(dispatch, { delayMs: Math.max(0, again - now), closeNow: payload.closeNow === true }),
    ]);
  }
  return { kind: 'done', summary: { pending: pending.length, batches: batches.length, left: plan.left } };
}

function waitLonger(limits: PlanLimits, byMs: number): PlanLimits {
  return { ...limits, maxWaitMs: limits.maxWaitMs + byMs, quietMs: limits.quietMs + byMs };
}
