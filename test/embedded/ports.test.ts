import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { choosePort, freePort, isPortFree, LOOPBACK } from '../../src/embedded/ports.js';

async function takenPort(): Promise<number> {
  const port = await freePort();
  const server = createServer().listen(port, LOOPBACK);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return port;
}

test('a free port is free, a taken one is not', async () => {
  expect(await isPortFree(await freePort())).toBe(true);
  expect(await isPortFree(await takenPort())).toBe(false);
});

test('a wanted port that is taken is an error, the usual port that is taken is replaced', async () => {
  const taken = await takenPort();
  await expect(choosePort('Redis', taken, undefined)).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
  expect(await choosePort('Redis', undefined, taken)).not.toBe(taken);
  const usual = await freePort();
  expect(await choosePort('Redis', undefined, usual)).toBe(usual);
});
