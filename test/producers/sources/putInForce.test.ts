import { expect, test } from 'vitest';
import { putInForce } from '../../../src/producers/sources/putInForce.js';
import { SluiceError } from '../../../src/shared/errors.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';

const away = () => Promise.reject(new SluiceError('QUEUE_AWAY', 'expected a queue, got none'));

test('schedules are put in force once the queue is back, and not again after that', async () => {
  let tries = 0;
  const slept: number[] = [];
  const clock = { now: () => 0, sleep: async (ms: number) => void slept.push(ms) };
  let tell = () => {};
  const back = new Promise<void>((resolve) => (tell = resolve));
  const apply = async () => {
    tries += 1;
    if (tries < 4) return away();
    tell();
  };
  const enforcing = putInForce(apply, { logger: silentLog, clock });
  await enforcing.tried;
  await back;
  await enforcing.close();
  expect([tries, slept]).toEqual([4, [5000, 5000, 5000]]);
});

test('closing ends the tries', async () => {
  let tries = 0;
  const sleep = (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('stopped'))));
  const enforcing = putInForce(
    () => {
      tries += 1;
      return away();
    },
    { logger: silentLog, clock: { now: () => 0, sleep } },
  );
  await enforcing.tried;
  await enforcing.close();
  expect(tries).toBe(1);
});
