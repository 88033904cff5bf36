import type { RequestListener } from 'node:http';
import type { Config } from '../shared/config/config.js';
import { toSluiceError } from '../shared/errors.js';
import { type RunningServer, serve } from '../shared/http/serve.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { Queue } from '../shared/queue/port.js';
import type { ObjectStore } from '../shared/stores/port.js';
import type { Logger } from '../shared/telemetry/log.js';
import { createIntakeApp } from './app.js';
import { openIntake } from './intake.js';
import { openIntakeMetrics } from './metrics.js';
import { recordReturns } from './recordReturns.js';
import { openRouter, type Router } from './routeObject.js';
import { applySchedules } from './sources/schedules.js';
import { EVENTS_PATH, openWebhook, type WebhookHandler } from './sources/webhook.js';

/** What intake needs of a store: its name, and whether an object's bytes are current. */
export type IntakeStore = Pick<ObjectStore, 'bucket'> & Partial<Pick<ObjectStore, 'head'>>;

/** The lake's store, and the stores of the datasets (by name) whose files arrive elsewhere. */
export interface IntakeStores {
  readonly lake: IntakeStore;
  readonly sources: ReadonlyMap<string, IntakeStore>;
}

export interface StartIntakeOptions {
  readonly config: Pick<Config, 'datasets' | 'schedules' | 'intake'>;
  readonly ledger: Ledger;
  readonly queue: Pick<Queue, 'enqueue' | 'schedule'>;
  readonly stores: IntakeStores;
  readonly logger: Logger;
}

/** A listening intake. */
export interface RunningIntake extends RunningServer {
  /** Resolves when the plans of everything taken in so far are enqueued, or left to the reconciler. */
  readonly settled: () => Promise<void>;
}

/**
 * Starts to listen for events at `config.intake` (port 0: any free one) and puts the config's schedules in force. While the queue is
 * away it starts all the same. Errors: SERVICE_NOT_STARTED when the port cannot be had.
 */
export async function startIntake({
  config,
  ledger,
  queue,
  stores,
  logger,
}: StartIntakeOptions): Promise<RunningIntake> {
  const { host, port, tokens } = config.intake;
  const { datasets } = config;
  const metrics = openIntakeMetrics();
  const router = routerOf(config, stores);
  const intake = openIntake({ ledger: withReturns(ledger, stores, logger), queue, datasets, router, logger });
  const webhook = openWebhook({ tokens, intake, metrics, logger });
  const server = await serve(splitEvents(webhook, createIntakeApp({ ledger, metrics })), { host, port });
  await applySchedules(config, queue).catch((error: unknown) =>
    logger.warn(
      { error: toSluiceError(error).message },
      'the queue is away; schedules are put in force at the next start',
    ),
  );
  return {
    url: server.url,
    settled: intake.settled,
    close: async () => {
      await server.close();
      await intake.settled();
    },
  };
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
function splitEvents(webhook: WebhookHandler, app: RequestListener): RequestListener {
  return (request, response) => {
    if (request.url?.split('?', 1)[0] === EVENTS_PATH) void webhook(request, response);
    else app(request, response);
  };
}
