import { mkdirSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { join } from 'node:path';
import { readEnvironment } from '../../shared/config/load.js';
import { SluiceError } from '../../shared/errors.js';
import { type Lock, takeLock } from '../lock.js';
import { type Context, handleRequest } from './handleRequest.js';
import { type NotificationTarget, type Notifier, startNotifier } from './notifications.js';
import type { Credentials } from './signature.js';
import { Storage } from './storage.js';

export interface StartS3Options {
  /** Holds everything: journals and files. Made when absent. One process at a time. */
  readonly dir: string;
  readonly credentials: Credentials;
  readonly region?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Made when absent. */
  readonly buckets?: readonly string[];
  /** Where events are sent; see `notifyTo`. */
  readonly notifications?: NotificationTarget;
  /** Sync files and journal to the disk before a write is answered. Without it a power cut may lose the last seconds. */
  readonly isDurable?: boolean;
  /** What NODE_ENV says; `production` is refused. */
  readonly environment?: string | undefined;
}

/** A running endpoint. */
export interface EmbeddedS3 {
  /** http://host:port, for clients in path style. */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  readonly credentials: Credentials;
  /** Sends events from now on to this target; what the one before had not acknowledged goes to the new one. */
  notifyTo(target: NotificationTarget | undefined): Promise<void>;
  /** Resolves when every event so far has been acknowledged. */
  notified(): Promise<void>;
  /** Answers what is under way (for at most a second), then closes everything. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;

/**
 * Starts an S3 endpoint on a folder, for trying and testing. It verifies signatures and checksums and its conditional
 * writes are atomic, but it is one process on one disk: with NODE_ENV=production it refuses to start.
 * Errors: SERVICE_NOT_STARTED (production; the folder is in use; its journal is damaged; the port is taken).
 */
export async function startS3(options: StartS3Options): Promise<EmbeddedS3> {
  const { dir, credentials, region = 'us-east-1', port = 0, host = '127.0.0.1' } = options;
  requireNotProduction('environment' in options ? options.environment : readEnvironment()['NODE_ENV']);
  mkdirSync(dir, { recursive: true });
  const lock = takeLock(join(dir, 'lock'), `the folder ${dir}`);
  let storage: Storage | undefined;
  try {
    storage = new Storage(dir, { isDurable: options.isDurable ?? false });
    for (const name of options.buckets ?? []) storage.create(name);
    const context: Context = { storage, credentials, region, url: '', nowMs: () => Date.now() };
    const server = createEndpoint(context);
    const taken = await listen(server, { port, host });
    context.url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
    return await openHandle({ context, server, lock, cursorFile: join(dir, 'notified.json') }, options.notifications);
  } catch (error) {
    storage?.close();
    lock.release();
    throw error;
  }
}

async function openHandle(
  parts: { context: Context; server: Server; lock: Lock; cursorFile: string },
  target: NotificationTarget | undefined,
): Promise<EmbeddedS3> {
  const { context, server, lock, cursorFile } = parts;
  const { storage, region } = context;
  let notifier: Notifier | undefined;
  const notifyTo = async (next: NotificationTarget | undefined) => {
    await notifier?.close();
    notifier = next === undefined ? undefined : startNotifier({ storage, target: next, cursorFile, region });
  };
  storage.onEvent = (event) => notifier?.take(event);
  await notifyTo(target);
  let closing: Promise<void> | undefined;
  const close = async () => {
    await stopListening(server);
    await notifier?.close();
    storage.close();
    lock.release();
  };
  return {
    url: context.url,
    port: Number(new URL(context.url).port),
    region,
    credentials: context.credentials,
    notifyTo,
    notified: () => notifier?.settled() ?? Promise.resolve(),
    close: () => (closing ??= close()),
  };
}

function createEndpoint(context: Context): Server {
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 });
  server.on('request', (request, response) => void handleRequest(context, { request, response }));
  // The body of a request that is refused is never asked for.
  server.on(
    'checkContinue',
    (request, response) => void handleRequest(context, { request, response, onBody: () => response.writeContinue() }),
  );
  return server;
}

async function listen(server: Server, { port, host }: { port: number; host: string }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const message = `expected to listen on ${host}:${port}, got ${error.message}`;
      reject(new SluiceError('SERVICE_NOT_STARTED', message, { cause: error, facts: { host, port } }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}

async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(timer);
}

function requireNotProduction(environment: string | undefined): void {
  if (environment !== 'production') return;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    'expected a real object store in lake.url, because NODE_ENV is production and the embedded S3 keeps one copy on one disk',
  );
}
