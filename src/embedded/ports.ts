import { createServer } from 'node:net';
import { SluiceError } from '../shared/errors.js';

/** The address that every embedded service binds: nothing of them is seen from other machines. */
export const LOOPBACK = '127.0.0.1';

/** A TCP port of the loopback that was free a moment ago, chosen by the system. Another process may take it: retry on a failed bind. */
export async function freePort(): Promise<number> {
  const port = await bindOnce(0);
  if (port === undefined) throw new SluiceError('SERVICE_NOT_STARTED', `expected a free port on ${LOOPBACK}, got none`);
  return port;
}

/** Whether the port can be bound on the loopback right now. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await bindOnce(port)) !== undefined;
}

/** `wanted` must be free (else SERVICE_NOT_STARTED); `usual`, the port of the last run, is taken when it is free; else any. */
export async function choosePort(
  service: string,
  wanted: number | undefined,
  usual: number | undefined,
): Promise<number> {
  if (wanted !== undefined) {
    if (await isPortFree(wanted)) return wanted;
    throw new SluiceError(
      'SERVICE_NOT_STARTED',
      `expected port ${wanted} free for ${service}, got it in use on ${LOOPBACK}`,
      { facts: { service, port: wanted } },
    );
  }
  if (usual !== undefined && (await isPortFree(usual))) return usual;
  return freePort();
}

function bindOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : undefined));
    });
  });
}
