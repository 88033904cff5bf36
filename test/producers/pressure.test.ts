import { expect, onTestFinished, test } from 'vitest';
import { startIntake } from '../../src/producers/main.js';
import { openPressure } from '../../src/producers/pressure.js';
import { freshLedger, freshQueue, memoryLog, ordersConfig, putEvent, TOKEN } from './support.js';

type Counts = { dataset: string; state: 'arrived' | 'batched' | 'loaded'; objects: number; bytes: number }[];

function openGauge(counts: () => Promise<Counts>) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  let looks = 0;
  const ledger = {
    counts: () => {
      looks += 1;
      return counts();
    },
  };
  const pressure = openPressure({ ledger, limits: { pendingBytes: 1000, ledgerLatencyMs: 500 }, clock });
  /** What a request meets once the gauge has looked. */
  const meets = async () => {
    clock.nowMs += 2_000;
    for (let turn = 0; turn < 2; turn += 1) {
      try {
        pressure.require();
      } catch (error) {
        if (turn === 1) return String(error);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return 'room';
  };
  return { pressure, clock, meets, looks: () => looks };
}

const row = (state: Counts[number]['state'], bytes: number) => ({ dataset: 'orders', state, objects: 1, bytes });

test('there is room until pending bytes pass the limit, and again when they are worked off', async () => {
  let rows: Counts = [row('arrived', 600), row('batched', 400), row('loaded', 1e12)];
  const { meets } = openGauge(async () => rows);
  expect(await meets()).toBe('room');
  rows = [row('arrived', 601), row('batched', 400)];
  expect(await meets()).toContain('expected at most 1000 bytes to be pending, got 1001');
  rows = [];
  expect(await meets()).toBe('room');
});

test('slow commits close the door until the ledger answers fast', async () => {
  const { pressure, meets } = openGauge(async () => []);
  pressure.observe(501);
  expect(await meets()).toContain('expected the ledger to commit within 500 ms, got 501 ms');
  expect(await meets()).toBe('room');
});

test('a ledger that is away is told of by the requests themselves', async () => {
  const { meets } = openGauge(() => Promise.reject(new Error('away')));
  expect(await meets()).toBe('room');
});

test('many requests cost one look in two seconds', async () => {
  const { pressure, clock, looks } = openGauge(async () => []);
  for (let turn = 0; turn < 1000; turn += 1) pressure.require();
  expect(looks()).toBe(1);
  clock.nowMs += 2_000;
  pressure.require();
  expect(looks()).toBe(2);
});

test('a store that is slow to tell whether bytes came back is not taken for a slow ledger', async () => {
  const clock = { nowMs: 0, now: () => clock.nowMs, sleep: async () => {} };
  const ledger = await freshLedger();
  const head = async () => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return undefined;
  };
  const intake = await startIntake({
    config: ordersConfig({ tokens: [TOKEN] }, { backpressure: { ledgerLatency: '300ms' } }),
    // Everything came before, and its key was seen without it.
    ledger: {
      ...ledger,
      objects: {
        ...ledger.objects,
        record: async (all) => ({ recorded: [], fresh: [], duplicates: all.length, outdone: all }),
      },
    },
    queue: await freshQueue(),
    stores: { lake: { bucket: 'lake', head }, sources: new Map() },
    logger: memoryLog(),
    clock,
  });
  onTestFinished(() => intake.close());
  const send = async () => {
    clock.nowMs += 3_000;
    const answer = await fetch(`${intake.url}/v1/events/s3`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(putEvent('raw/orders/a.csv')),
    });
    return answer.status;
  };
  expect([await send(), await send(), await send()]).toEqual([200, 200, 200]);
});
