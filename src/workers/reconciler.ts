import { randomUUID } from 'node:crypto';
import { toSluiceError } from '../shared/errors.js';
import { planJob, stepJob } from '../shared/jobs/catalogue.js';
import type { WorkerContext } from './context.js';
import { observeClock, observeMissed } from './observe.js';
import { openRemovedNote } from './removedNote.js';

/** How often the ledger is asked for work that nobody holds. */
const ROUND_MS = 2000;
/** A dispatch younger than this is still on its way. */
const QUIET_MS = 30_000;
/** How often the ledger's own housekeeping is done (months made ahead, counters folded). */
const HOUSEKEEPING_MS = 60_000;
/** Steps and partitions sent again at most in one statement. */
const PAGE = 500;
/** The same after Redis lost everything: all at once, because what is sent is no longer quiet. */
const LOST_PAGE = 100_000;

/** The loop that sends again whatever the ledger says is unfinished and nobody holds. Stops when the signal aborts. */
export async function reconcileForever(context: WorkerContext, signal: AbortSignal): Promise<void> {
  let keptAt = 0;
  const tellRemoved = openRemovedNote(context);
  while (!signal.aborted) {
    try {
      await reconcileOnce(context);
      if (context.clock.now() - keptAt > HOUSEKEEPING_MS) {
        keptAt = context.clock.now();
        await context.ledger.recovery.keepHouse();
        await watchDatasets(context);
        await tellRemoved();
      }
    } catch (error) {
      context.logger.warn({ error: toSluiceError(error).message }, 'the reconciler could not finish its round');
    }
    await context.clock.sleep(ROUND_MS, signal).catch(() => {});
  }
}

/** Measures what a lost worker did not, and looks at the clock. A dataset's fault does not keep the others from their turn. */
async function watchDatasets(context: WorkerContext): Promise<void> {
  for (const dataset of context.config.datasets) {
    try {
      await observeMissed(context, dataset);
      await observeClock(context, dataset);
    } catch (error) {
      context.logger.warn(
        { dataset: dataset.name, error: toSluiceError(error).message },
        'a dataset could not be watched',
      );
    }
  }
}

/**
 * One round. Redis holds an epoch that only Redis remembers: when it is missing, Redis lost its jobs and schedules: these
 * are put in force again, and everything unleased is sent again at once; otherwise only what was dispatched long ago. What belongs to a
 * dataset that this configuration does not have stays where it is. Returns how many jobs were sent.
 */
export async function reconcileOnce({
  config,
  ledger,
  queue,
  logger,
  restoreSchedules,
}: Pick<WorkerContext, 'config' | 'ledger' | 'queue' | 'logger' | 'restoreSchedules'>): Promise<number> {
  const datasets = config.datasets.map(({ name }) => name);
  const lost = (await queue.epoch()) === undefined && (await queue.setEpoch(randomUUID()));
  if (lost) await restoreSchedules();
  const [quietMs, page] = lost ? [0, LOST_PAGE] : [QUIET_MS, PAGE];
  let sent = 0;
  for (let more = true; more;) {
    const steps = await ledger.recovery.unfinishedSteps(quietMs, page, datasets);
    const plans = await ledger.recovery.unplannedPartitions(quietMs, page, datasets);
    await queue.enqueue([...steps.map((step) => stepJob(step)), ...plans.map((plan) => planJob(plan))]);
    sent += steps.length + plans.length;
    more = !lost && (steps.length === page || plans.length === page);
  }
  if (sent > 0)
    logger.info(
      { sent, lost },
      lost ? 'the queue was empty and unknown: unfinished work was sent again' : 'work that nobody held was sent again',
    );
  return sent;
}
