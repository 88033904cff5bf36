import type { ConsoleAuth } from '../shared/config/consoleFields.js';
import type { Config } from '../shared/config/config.js';
import { type RunningServer, serve } from '../shared/http/serve.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { RedisQueue } from '../shared/queue/open.js';
import type { Logger } from '../shared/telemetry/log.js';
import { openActions, readBodies } from './actions/router.js';
import { createApi, createScaleApi } from './api.js';
import { openArrivalRate } from './arrivalRate.js';
import { createConsoleApp } from './app.js';
import { openGuard } from './auth/guard.js';
import { openSessions } from './auth/session.js';
import { openSignIn } from './auth/signIn.js';
import { openBullBoard } from './bullBoard.js';
import type { PresentRows } from './custody.js';
import { openPoller } from './live/poller.js';
import { openSnapshotReader } from './live/snapshot.js';
import { openConsoleMetrics } from './metrics.js';
import { startMonitor } from './monitor.js';
import { createPages } from './pages.js';

export interface RunningConsole extends RunningServer {
  /** Where `/metrics` and `/v1/scale` are without sign-in, where the configuration asks for it. */
  readonly monitorUrl?: string;
}

export interface StartConsoleOptions {
  readonly config: Pick<Config, 'console' | 'datasets' | 'worker' | 'scale' | 'monitoring'>;
  readonly ledger: Ledger;
  readonly queue: Pick<RedisQueue, 'counts' | 'attendance' | 'bullQueues' | 'pause' | 'enqueue'>;
  readonly logger: Logger;
  /** Counts an object's rows in a target; left out, a file's page does without. */
  readonly presentRows?: PresentRows;
}

/**
 * Starts the console at `config.console` (port 0: any free one): the live start page, files, custody, batches, Bull Board at /queues,
 * /metrics and the JSON of /v1, behind sign-in where `config.console.auth` says so; only then can anything be done from it. Errors: PORT_TAKEN when a port cannot be had.
 */
export async function startConsole(options: StartConsoleOptions): Promise<RunningConsole> {
  const { config, ledger, queue, logger, presentRows } = options;
  const { host, port } = config.console;
  const { datasets } = config;
  const poller = openPoller({ read: openSnapshotReader({ ledger, queue, datasets }), logger });
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  const lock =
    config.console.auth === undefined
      ? undefined
      : await openLock(config.console.auth, { ...config.console, url: publicUrl(config.console), logger });
  const arrivals = openArrivalRate(ledger.objects);
  const metrics = openConsoleMetrics({ config, ledger, queue, arrivals });
  const app = createConsoleApp({
    ledger,
    logger,
    metrics,
    pages: createPages({ config, ledger, poller, presentRows }),
    api: createApi({ config, ledger, poller, presentRows }),
    scale: createScaleApi({ config, ledger, queue, arrivals }),
    actions: openActions({ ledger, queue }, { hasSignIn: lock !== undefined }),
    ...(lock === undefined ? {} : { lock }),
    bullBoard: openBullBoard({ queues: queue.bullQueues, path: '/queues' }),
    ...(isLoopback && (lock === undefined || config.console.url === undefined)
      ? { ownNames: config.console.url === undefined ? [] : [new URL(config.console.url).hostname] }
      : {}),
  });
  const server = await serve(app, { host, port });
  const close = async () => {
    poller.close();
    await server.close();
  };
  if (config.monitoring.port === undefined) return { url: server.url, close };
  const listen = { host: config.monitoring.host, port: config.monitoring.port };
  const monitor = await startMonitor({ config, ledger, queue, arrivals, metrics, ...listen }).catch(
    async (error: unknown) => {
      await close();
      throw error;
    },
  );
  return {
    url: server.url,
    monitorUrl: monitor.url,
    close: async () => void (await Promise.all([monitor.close(), close()])),
  };
}

/** Where people reach the console; a port that is only known later matters to nobody who has to be led back. */
function publicUrl({ host, port, url }: StartConsoleOptions['config']['console']): string {
  return url ?? `http://${host}:${port}`;
}

/** https ends at a proxy; where none is named, those count that the internet cannot be. */
const PRIVATE_NETWORKS: readonly string[] = ['loopback', 'linklocal', 'uniquelocal'];

async function openLock(
  auth: ConsoleAuth,
  { url, trustedProxies, logger }: { url: string; trustedProxies?: readonly string[] | undefined; logger: Logger },
) {
  const isHttps = url.startsWith('https://');
  const doors = [openSessions(auth, { isHttps }), await openSignIn({ auth, url, logger }), ...readBodies];
  return { doors, guard: openGuard(auth), trustedProxies: trustedProxies ?? (isHttps ? PRIVATE_NETWORKS : []) };
}
