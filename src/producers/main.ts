import type { RequestListener } from 'node:http';
import { type Clock, systemClock } from '../shared/clock.js';
import type { Config } from '../shared/config/config.js';
import { type RunningServer, serve } from '../shared/http/serve.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { ObjectStore } from '../shared/stores/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import { createIntakeApp } from './app.js';
import { type EventHandler, openEndpoint } from './http/endpoint.js';
import { openHmacCheck } from './http/hmac.js';
import { openLimits } from './http/limits.js';
import { openSharedReplays } from './http/sharedReplays.js';
import { openRefusalLog } from './http/refusalLog.js';
import { type Intake, openIntake } from './intake.js';
import { type IntakeMetrics, openIntakeMetrics } from './metrics.js';
import { openPressure, type Pressure } from './pressure.js';
import { recordReturns } from './recordReturns.js';
import { openRouter, type Router } from './routeObject.js';
import { openCertificates } from './sns/certificates.js';
import type { Fetch } from './sns/fetchText.js';
import { putInForce } from './sources/putInForce.js';
import { applySchedules } from './sources/schedules.js';
import { openSnsWebhook, SNS_PATH } from './sources/snsWebhook.js';
import { EVENTS_PATH, openWebhook } from './sources/webhook.js';

/** What intake needs of a store: its name, and whether an object's bytes are current. */
export type IntakeStore = Pick<ObjectStore, 'bucket'> & Partial<Pick<ObjectStore, 'head'>>;

/** The lake's store, and the stores of the datasets (by name) whose files arrive elsewhere. */
export interface IntakeStores {
  readonly lake: IntakeStore;
  readonly sources: ReadonlyMap<string, IntakeStore>;
}

export interface StartIntakeOptions {
  readonly config: Pick<Config, 'datasets' | 'schedules' | 'intake' | 'lake'>;
  readonly ledger: Ledger;
  readonly queue: Pick<Queue, 'enqueue' | 'schedule' | 'marks'>;
  readonly stores: IntakeStores;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** How SNS is asked. Default: the global fetch. */
  readonly fetch?: Fetch;
}

/** A listening intake. */
export interface RunningIntake extends RunningServer {
  /** Resolves when the plans of everything taken in so far are enqueued, or left to the reconciler. */
  readonly settled: () => Promise<void>;
}

/**
 * Starts to listen for events at `config.intake` (port 0: any free one) and puts the config's schedules in force. While the queue is
 * away it starts all the same. Errors: PORT_TAKEN when the port cannot be had.
 */
export async function startIntake(options: StartIntakeOptions): Promise<RunningIntake> {
  const { config, ledger, queue, stores, logger, clock = systemClock } = options;
  const { intake: settings, datasets } = config;
  const metrics = openIntakeMetrics();
  const pressure = openPressure({ ledger: ledger.objects, limits: settings.backpressure, clock });
  const router = routerOf(config, stores);
  const taking = withReturns(timingCommits(ledger, pressure), stores, logger);
  const intake = openIntake({ ledger: taking, queue, datasets, router, logger });
  const refusals = openRefusalLog(logger, clock);
  const takers = openTakers(options, { intake, pressure, clock, metrics });
  const handlers = new Map<string, EventHandler>(
    takers.map(({ path, source, take }) => [path, openEndpoint({ source, take, metrics, refusals })]),
  );
  const app = createIntakeApp({ ledger, metrics, trustProxy: settings.trustProxy });
  const server = await serve(splitEvents(handlers, app), { host: settings.host, port: settings.port });
  const schedules = putInForce(() => applySchedules(config, queue), { logger, clock });
  await schedules.tried;
  const sqs = await openSqs(options, { intake, pressure, clock, metrics });
  return {
    url: server.url,
    settled: intake.settled,
    close: async () => {
      await Promise.all([server.close(), sqs?.close(), schedules.close()]);
      await intake.settled();
    },
  };
}

interface Taking {
  readonly intake: Intake;
  readonly pressure: Pressure;
  readonly clock: Clock;
}

/** The queue of events, where one is configured; its SDK is loaded only then. */
async function openSqs(
  { config, ledger, logger }: StartIntakeOptions,
  taking: Taking & { readonly metrics: IntakeMetrics },
): Promise<{ close(): Promise<void> } | undefined> {
  const { sqs } = config.intake;
  if (sqs === undefined) return undefined;
  const { startSqs } = await import('./sources/sqs.js');
  const region = config.lake?.region ?? 'us-east-1';
  return startSqs({ ...taking, config: sqs, region, ledger: ledger.arrivals, logger });
}

/** The paths that take events; that of SNS only where topics are named. */
function openTakers(
  options: StartIntakeOptions,
  { intake, pressure, clock, metrics }: Taking & { readonly metrics: IntakeMetrics },
) {
  const { logger, queue, fetch = globalThis.fetch } = options;
  const { tokens, hmacSecrets, snsTopics: topics, rateLimit, trustProxy } = options.config.intake;
  const limits = openLimits({ rateLimit, trustProxy, pressure, clock });
  const check = openHmacCheck(hmacSecrets, clock);
  const onUnshared = () => metrics.countUnshared();
  const shared = openSharedReplays({ check, marks: queue.marks, clock, logger, onUnshared });
  const hmac = hmacSecrets.length === 0 ? {} : { hmac: shared };
  const common = { tokens, limits, intake, logger };
  const webhook = { path: EVENTS_PATH, source: 'webhook', take: openWebhook({ ...common, ...hmac }) };
  if (topics.length === 0) return [webhook];
  const certificates = openCertificates({ fetch, clock });
  return [webhook, { path: SNS_PATH, source: 'sns', take: openSnsWebhook({ ...common, topics, certificates, fetch }) }];
}

/** The same ledger, whose commits tell how long they took: they alone, not what a store is asked about returned bytes. */
function timingCommits(ledger: Ledger, pressure: Pick<Pressure, 'observe'>): Ledger {
  const record: Ledger['objects']['record'] = async (arrivals) => {
    const startedAt = performance.now();
    const receipt = await ledger.objects.record(arrivals);
    pressure.observe(performance.now() - startedAt);
    return receipt;
  };
  return { ...ledger, objects: { ...ledger.objects, record } };
}

/** The ledger as intake uses it: bytes that come back to their key are recorded as well. */
export function withReturns(
  ledger: Pick<Ledger, 'objects' | 'plans' | 'custody'>,
  { lake, sources }: IntakeStores,
  logger: Logger,
): Pick<Ledger, 'objects' | 'plans'> {
  const record = recordReturns({ ledger, storeOf: (dataset) => sources.get(dataset) ?? lake, logger });
  return { objects: { ...ledger.objects, record }, plans: ledger.plans };
}

/** The router of a configuration over its open stores. */
export function routerOf({ datasets }: Pick<Config, 'datasets'>, { lake, sources }: IntakeStores): Router {
  return openRouter({
    datasets,
    lakeBucket: lake.bucket,
    sourceBucket: ({ name }) => (sources.get(name) ?? lake).bucket,
  });
}

/** Events go past Express: it costs more than parsing and routing them. */
function splitEvents(handlers: ReadonlyMap<string, EventHandler>, app: RequestListener): RequestListener {
  return (request, response) => {
    const handler = handlers.get((request.url?.split('?', 1)[0] ?? '').replace(/\/$/, ''));
    if (handler !== undefined) void handler(request, response);
    else app(request, response);
  };
}
