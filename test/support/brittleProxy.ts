import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { quietPort } from './quietPort.js';

/** A way to a service that a test can cut and mend. */
export interface BrittleProxy {
  /** The service's URL by way of the proxy. */
  readonly url: string;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Reads no further from anybody, and keeps the connections. */
  stall(): void;
}

/** Opens a TCP proxy before the service of a URL; closed after the test. */
export async function brittleProxy(target: string): Promise<BrittleProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => (sockets.delete(socket), near.destroy(), far.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(await quietPort());
  const address = server.address();
  const ownPort = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = async () => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const stall = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  onTestFinished(cut);
  const url = new URL(target);
  url.host = `127.0.0.1:${ownPort}`;
  return { url: url.href, cut, mend: () => listen(ownPort), stall };
}
