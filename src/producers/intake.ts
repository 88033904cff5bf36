import type { Dataset } from '../shared/config/config.js';
import { toSluiceError } from '../shared/errors.js';
import { planJob } from '../shared/jobs/catalogue.js';
import type { ObjectLedger, PartitionRef, PlanDispatch, PlanLedger, RoutedArrival } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import type { Arrival, IgnoredRecord } from './events/s3Records.js';
import type { Router } from './routeObject.js';

/** Arrivals of one partition within this time are planned together; a dataset with a shorter `maxWait` waits no longer than that. */
export const DEBOUNCE_MS = 500;

/** An arrival is safe once the ledger has it, so a queue that does not answer may hold its sender up for no longer. */
const ENQUEUE_TIMEOUT_MS = 1000;

/** What a source hands over: claims as parsed, and those that its parser set aside. */
export interface Claims {
  /** For custody: `webhook`, `sweep`, ... */
  readonly source: string;
  readonly arrivals: readonly (Arrival & { readonly lastModified?: Date })[];
  readonly ignored: readonly IgnoredRecord[];
}

export interface IntakeReceipt {
  /** Objects that the ledger did not know. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly ignored: number;
}

/** Takes claims in: when it resolves, the ledger has them. Errors: LEDGER_AWAY (nothing half-recorded; send it again). */
export type Intake = (claims: Claims) => Promise<IntakeReceipt>;

export interface IntakeOptions {
  readonly ledger: {
    readonly objects: Pick<ObjectLedger, 'record' | 'countIgnored'>;
    readonly plans: Pick<PlanLedger, 'dispatch'>;
  };
  readonly queue: Pick<Queue, 'enqueue'>;
  readonly datasets: readonly Dataset[];
  readonly router: Router;
  readonly logger: Logger;
}

/**
 * Opens the way from claims to the ledger and the queue: route, record (the commit point), dispatch, enqueue. A queue that is away
 * fails no request: the reconciler sends what the ledger says is unplanned. Safe to run twice: a known object changes nothing.
 */
export function openIntake(options: IntakeOptions): Intake {
  const { ledger, router } = options;
  const enqueue = openEnqueue(options);
  return async ({ source, arrivals, ignored }) => {
    const { routed, setAside } = routeAll(router, arrivals, source);
    const receipt = routed.length === 0 ? { recorded: [], duplicates: 0 } : await ledger.objects.record(routed);
    if (receipt.recorded.length > 0) await enqueue(await ledger.plans.dispatch(partitionsOf(routed)));
    const allIgnored = [...ignored, ...setAside];
    if (allIgnored.length > 0) await ledger.objects.countIgnored(countByRule(allIgnored));
    return { accepted: receipt.recorded.length, duplicates: receipt.duplicates, ignored: allIgnored.length };
  };
}

interface NamedRule {
  readonly rule: string;
  readonly bucket: string;
  readonly key: string;
}

function routeAll(
  router: Router,
  arrivals: Claims['arrivals'],
  source: string,
): { routed: RoutedArrival[]; setAside: NamedRule[] } {
  const routed: RoutedArrival[] = [];
  const setAside: NamedRule[] = [];
  for (const arrival of arrivals) {
    const route = router(arrival);
    if (route.kind === 'routed')
      routed.push({ ...arrival, dataset: route.dataset, partition: route.partition, source });
    else setAside.push({ rule: route.rule, bucket: arrival.bucket, key: arrival.key });
  }
  return { routed, setAside };
}

/** The distinct partitions, each once. */
function partitionsOf(routed: readonly RoutedArrival[]): readonly PartitionRef[] {
  const found = new Map<string, PartitionRef>();
  for (const { dataset, partition } of routed) found.set(`${dataset}\n${partition}`, { dataset, partition });
  return [...found.values()];
}

function countByRule(
  ignored: readonly NamedRule[],
): { rule: string; bucket: string; count: number; sampleKey: string }[] {
  const counts = new Map<string, { rule: string; bucket: string; count: number; sampleKey: string }>();
  for (const { rule, bucket, key } of ignored) {
    const place = `${rule}\n${bucket}`;
    const known = counts.get(place);
    if (known === undefined) counts.set(place, { rule, bucket, count: 1, sampleKey: key });
    else known.count += 1;
  }
  return [...counts.values()];
}

function openEnqueue({
  queue,
  datasets,
  logger,
}: IntakeOptions): (dispatches: readonly PlanDispatch[]) => Promise<void> {
  const delays = new Map(datasets.map(({ name, batch }) => [name, Math.min(batch.maxWaitMs, DEBOUNCE_MS)]));
  let isAway = false;
  return async (dispatches) => {
    if (dispatches.length === 0) return;
    try {
      await withTimeout(
        queue.enqueue(dispatches.map((dispatch) => planJob(dispatch, { delayMs: delays.get(dispatch.dataset) ?? 0 }))),
      );
      if (isAway) logger.info({}, 'the queue is back');
      isAway = false;
    } catch (error) {
      if (!isAway)
        logger.warn(
          { error: toSluiceError(error).message },
          'the queue is away; arrivals stand in the ledger and are dispatched later',
        );
      isAway = true;
    }
  };
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`expected the queue to answer within ${ENQUEUE_TIMEOUT_MS} ms`)),
      ENQUEUE_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // The loser of the race may still fail; it was told of already.
    work.catch(() => {});
  }
}
