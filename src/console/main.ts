import type { Config } from '../shared/config/config.js';
import { type RunningServer, serve } from '../shared/http/serve.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { RedisQueue } from '../shared/queue/open.js';
import type { Logger } from '../shared/telemetry/log.js';
import { createApi } from './api.js';
import { createConsoleApp } from './app.js';
import { openBullBoard } from './bullBoard.js';
import type { PresentRows } from './custody.js';
import { openPoller } from './live/poller.js';
import { openSnapshotReader } from './live/snapshot.js';
import { openConsoleMetrics } from './metrics.js';
import { createPages } from './pages.js';

export interface StartConsoleOptions {
  readonly config: Pick<Config, 'console' | 'datasets' | 'worker' | 'scale'>;
  readonly ledger: Ledger;
  readonly queue: Pick<RedisQueue, 'counts' | 'attendance' | 'bullQueues'>;
  readonly logger: Logger;
  /** Counts an object's rows in a target; left out, a file's page does without. */
  readonly presentRows?: PresentRows;
}

/**
 * Starts the console at `config.console` (port 0: any free one): the live start page, files, custody, batches, Bull Board at /queues,
 * /metrics and the JSON of /v1. It changes nothing anywhere. Errors: SERVICE_NOT_STARTED when the port cannot be had.
 */
export async function startConsole(options: StartConsoleOptions): Promise<RunningServer> {
  const { config, ledger, queue, logger, presentRows } = options;
  const { host, port } = config.console;
  const { datasets } = config;
  const poller = openPoller({ read: openSnapshotReader({ ledger, queue, datasets }), logger });
  const app = createConsoleApp({
    ledger,
    logger,
    metrics: openConsoleMetrics({ config, ledger, queue }),
    pages: createPages({ config, ledger, poller, presentRows }),
    api: createApi({ config, ledger, queue, poller, presentRows }),
    bullBoard: openBullBoard({ queues: queue.bullQueues, path: '/queues' }),
    isLoopback: host === 'localhost' || host === '::1' || host.startsWith('127.'),
  });
  const server = await serve(app, { host, port });
  return {
    url: server.url,
    async close() {
      poller.close();
      await server.close();
    },
  };
}
