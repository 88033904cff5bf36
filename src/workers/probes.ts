import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { SluiceError } from '../shared/errors.js';
import type { WorkerMetrics } from './metrics.js';

/** A worker is alive while it spoke with the queue within this time. */
const SILENT_MS = 120_000;

export interface ProbeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: WorkerMetrics;
  /** When the worker last spoke with the queue, ms since 1970. */
  readonly lastSeenMs: () => number;
  /** Whether it takes work now. */
  readonly ready: () => boolean;
}

/** Serves `/healthz`, `/readyz` and `/metrics` of a worker process. Throws PORT_TAKEN when the port is taken. */
export async function startProbes(options: ProbeOptions): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void answer(options, request, response));
  server.listen(options.port, options.host);
  await once(server, 'listening').catch((error: unknown) => {
    throw new SluiceError(
      'PORT_TAKEN',
      `expected port ${options.port} free for the worker's probes, got it in use on ${options.host}`,
      { cause: error },
    );
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : options.port;
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  { metrics, lastSeenMs, ready }: ProbeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?')[0];
  if (path === '/metrics') {
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text());
    return;
  }
  const silentMs = Date.now() - lastSeenMs();
  const good = path === '/healthz' ? silentMs < SILENT_MS : path === '/readyz' ? ready() : undefined;
  const status = good === undefined ? 404 : good ? 200 : 503;
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ ok: good === true, silentSeconds: Math.round(silentMs / 1000) }));
}
