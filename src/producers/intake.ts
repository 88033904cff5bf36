import type { Dataset } from '../shared/config/config.js';
import type { ObjectLedger, PartitionRef, PlanLedger, RoutedArrival } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { ObjectId } from '../shared/ids.js';
import type { Logger } from '../shared/telemetry/log.js';
import { isTracing, tellSpan } from '../shared/telemetry/traces.js';
import type { Arrival, IgnoredRecord } from './events/arrival.js';
import { type Dispatcher, openDispatcher } from './dispatcher.js';
import { groupCalls } from './groupCalls.js';
import type { Router } from './routeObject.js';

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

/** Takes claims in: when it resolves, the ledger has them. Errors: LEDGER_AWAY (nothing half-recorded; send it again), INTAKE_BUSY. */
export interface Intake {
  (claims: Claims): Promise<IntakeReceipt>;
  /** Resolves when the plans of everything taken in so far are enqueued, or left to the reconciler. Never rejects. */
  readonly settled: () => Promise<void>;
}

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

/** Arrivals in one statement of the ledger; measured: larger groups gain nothing. */
const GROUP_ARRIVALS = 2000;
const MAX_WAITING_ARRIVALS = 100_000;

/**
 * Opens the way from claims to the ledger and the queue: route, record (the commit point), dispatch, enqueue. Claims that come at once
 * share the ledger's commit. A queue that is away fails no request: the reconciler sends what the ledger says is unplanned. Safe to run
 * twice: a known object changes nothing.
 */
export function openIntake(options: IntakeOptions): Intake {
  const dispatcher = openDispatcher({ ...options, plans: options.ledger.plans });
  const take = groupCalls<RoutedClaims, IntakeReceipt>({
    run: (group) => takeGroup(options, dispatcher, group),
    weigh: ({ routed, ignored }) => routed.length + ignored.length,
    maxWeight: GROUP_ARRIVALS,
    maxWaiting: MAX_WAITING_ARRIVALS,
    lanes: 2,
  });
  return Object.assign((claims: Claims) => take(routeClaims(options.router, claims)), { settled: dispatcher.settled });
}

interface RoutedClaims {
  readonly routed: readonly RoutedArrival[];
  readonly ignored: readonly NamedRule[];
}

interface NamedRule {
  readonly rule: string;
  readonly bucket: string;
  readonly key: string;
}

async function takeGroup(
  { ledger }: IntakeOptions,
  dispatcher: Dispatcher,
  group: readonly RoutedClaims[],
): Promise<readonly IntakeReceipt[]> {
  const routed = group.flatMap((claims) => claims.routed);
  const ignored = group.flatMap((claims) => claims.ignored);
  const startMs = Date.now();
  const { fresh, recorded } = routed.length === 0 ? { fresh: [], recorded: [] } : await ledger.objects.record(routed);
  if (isTracing()) tellArrivals(fresh, recorded, startMs);
  const { receipts, partitions } = settle(group, new Set(fresh));
  dispatcher.dispatch(partitions);
  if (ignored.length > 0) await ledger.objects.countIgnored(countByRule(ignored));
  return receipts;
}

/** Each new object's story begins here. */
function tellArrivals(fresh: readonly RoutedArrival[], recorded: readonly ObjectId[], startMs: number): void {
  const endMs = Date.now();
  for (const [index, of] of recorded.entries()) {
    const { bucket = '', key = '', size = 0, dataset = '', source = '' } = fresh[index] ?? {};
    const attributes = {
      'sluice.dataset': dataset,
      'sluice.source': source,
      'aws.s3.bucket': bucket,
      'aws.s3.key': key,
      'sluice.bytes': size,
    };
    tellSpan({ of, name: 'arrive', isRoot: true, startMs, endMs, attributes });
  }
}

/** Gives each new object to the first of the claims that named it; to the others it is a duplicate. */
function settle(
  group: readonly RoutedClaims[],
  fresh: ReadonlySet<RoutedArrival>,
): { receipts: readonly IntakeReceipt[]; partitions: readonly PartitionRef[] } {
  const partitions = new Map<string, PartitionRef>();
  const receipts = group.map(({ routed, ignored }) => {
    const own = routed.filter((arrival) => fresh.has(arrival));
    for (const { dataset, partition } of own) partitions.set(`${dataset}\n${partition}`, { dataset, partition });
    return { accepted: own.length, duplicates: routed.length - own.length, ignored: ignored.length };
  });
  return { receipts, partitions: [...partitions.values()] };
}

function routeClaims(router: Router, { source, arrivals, ignored }: Claims): RoutedClaims {
  const routed: RoutedArrival[] = [];
  const setAside: NamedRule[] = [...ignored];
  for (const arrival of arrivals) {
    const route = router(arrival);
    if (route.kind === 'routed')
      routed.push({ ...arrival, dataset: route.dataset, partition: route.partition, source });
    else setAside.push({ rule: route.rule, bucket: arrival.bucket, key: arrival.key });
  }
  return { routed, ignored: setAside };
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
