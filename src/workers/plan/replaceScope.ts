import type { Dataset } from '../../shared/config/config.js';
import { assertNever } from '../../shared/errors.js';
import { newBatchId } from '../../shared/ids.js';
import { type JobPayload, planJob, stepJob } from '../../shared/jobs/catalogue.js';
import type { BatchId } from '../../shared/ids.js';
import type { PendingObject, ReplaceScope } from '../../shared/ledger/port.js';
import type { Outcome } from '../../shared/outcome.js';
import type { WorkerContext } from '../context.js';
import { planPartitions, SHARE_MS } from '../planPartitions.js';
import { tellPlan } from '../traces.js';
import { replaceDueAtMs } from './planReplace.js';

/** Most files of one batch that cannot be divided: as many as any batch may have. */
const MAX_FILES = 10_000;

interface ScopePlan {
  readonly dataset: Dataset;
  readonly payload: JobPayload<'plan'>;
  readonly pending: readonly PendingObject[];
}

/** What the loads of a dataset replace; undefined where they do not. All of them alike: the configuration's rules see to that. */
export function scopeOf({ load }: Pick<Dataset, 'load'>): ReplaceScope | undefined {
  const replacing = load.find(({ mode }) => mode === 'replace');
  return replacing === undefined ? undefined : (replacing.scope ?? 'partition');
}

/**
 * Plans the next batch of a partition under write mode replace: everything that is live there. While one is under way the rest waits for
 * its end; one that is held or gave up goes its way again with what came since. Commit point: `ledger.replaces.commitReplace`. Safe to run twice:
 * objects that a batch has are pending no more.
 */
export async function planScope(context: WorkerContext, scope: ReplaceScope, plan: ScopePlan): Promise<Outcome> {
  const { dataset, payload, pending } = plan;
  const place = { dataset: dataset.name, partition: payload.partition };
  const now = context.clock.now();
  const dueAtMs = payload.closeNow === true ? now : replaceDueAtMs(pending, dataset.batch);
  if (dueAtMs === undefined) return { kind: 'done', summary: { pending: 0, batches: 0, left: 0 } };
  if (dueAtMs > now) return wait(context, plan, dueAtMs);
  const batch = {
    batch: newBatchId(now),
    objects: pending.map(({ object }) => object),
    configHash: dataset.hash,
    loads: dataset.load.map(({ target, table }) => ({ target, table })),
  };
  const caps = { maxFiles: MAX_FILES, maxBytes: dataset.batch.replaceBytes ?? Infinity };
  const answer = await context.ledger.replaces.commitReplace({ place, scope, batch, caps });
  switch (answer.kind) {
    case 'planned':
      tellPlan({ ...batch, batch: answer.batch }, { dataset: dataset.name, startMs: now, endMs: context.clock.now() });
      await context.queue.enqueue(answer.steps.map((step) => stepJob(step)));
      return { kind: 'done', summary: { pending: pending.length, batches: 1, left: 0, carried: answer.carried } };
    case 'busy':
      return wait(context, plan, now + SHARE_MS);
    case 'stalled':
      await sendAgain(context, answer.batches);
      return wait(context, plan, now);
    case 'void':
      return wait(context, plan, now);
    case 'outdated':
      return { kind: 'skip', reason: `${answer.by} is later than what came, which was set aside` };
    case 'tooLarge':
      return {
        kind: 'skip',
        reason: `${answer.files} files of ${answer.bytes} bytes are no batch: what came was set aside`,
      };
    default:
      return assertNever(answer);
  }
}

/** Has what is pending planned at that time (ms since 1970). */
async function wait(
  { ledger, queue, clock }: WorkerContext,
  { dataset, payload, pending }: ScopePlan,
  atMs: number,
): Promise<Outcome> {
  const place = { dataset: dataset.name, partition: payload.partition };
  const dispatch = await ledger.plans.planAgainAt(place, new Date(atMs));
  const delayMs = Math.max(0, atMs - clock.now());
  await queue.enqueue([planJob(dispatch, { delayMs, closeNow: payload.closeNow === true })]);
  return { kind: 'done', summary: { pending: pending.length, batches: 0, left: pending.length } };
}

/** Takes the objects of batches that stand still into the next one; whoever looks at them finds the decision. */
async function sendAgain(context: WorkerContext, batches: readonly BatchId[]): Promise<void> {
  const why = 'newer files of what it replaces came: they go their way together';
  for (const id of batches) {
    const answer = await context.ledger.custody.decide({ verb: 'replay', id, who: 'sluice', why });
    if (answer.kind === 'done') await planPartitions(context, answer.partitions);
  }
}
