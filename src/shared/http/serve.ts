import { createServer, type RequestListener, type Server } from 'node:http';
import { SluiceError } from '../errors.js';

/** A server that listens. */
export interface RunningServer {
  /** `http://host:port`, with the port that it really has. */
  readonly url: string;
  /** Takes no more connections, lets the requests in work end (at most 10 s), then closes the port. */
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Listens for HTTP at `host:port` (port 0: any free one). A sender has 10 s for its headers and 30 s for its request. Errors:
 * PORT_TAKEN when the port cannot be had.
 */
export async function serve(
  listener: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const message = `expected to listen at ${host}:${port}, got ${error.message}`;
      reject(new SluiceError('PORT_TAKEN', message, { cause: error, facts: { host, port } }));
    });
    server.listen(port, host, resolve);
  });
  return { url: urlOf(server, host), close: () => close(server) };
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function close(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}
