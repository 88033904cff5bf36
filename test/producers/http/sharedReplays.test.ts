import { createHmac } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { startIntake } from '../../../src/producers/main.js';
import type { Marks } from '../../../src/shared/queue/port.js';
import { brittleProxy } from '../../support/brittleProxy.js';
import { freshLedger, freshQueue, memoryLog, ordersConfig, putEvent, type TestLedger } from '../support.js';

const SECRET = 'a-secret-of-this-test';

function sign(event: object): RequestInit {
  const seconds = Math.floor(Date.now() / 1000);
  const body = JSON.stringify(event);
  const signature = createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex');
  return { method: 'POST', body, headers: { 'x-sluice-signature': `t=${seconds},v1=${signature}` } };
}

/** One of several intake processes over the same services. */
async function openOne(ledger: TestLedger, queue: Awaited<ReturnType<typeof freshQueue>>) {
  const config = ordersConfig({ hmac: { secrets: [SECRET] } });
  const stores = { lake: { bucket: 'lake' }, sources: new Map() };
  const logger = memoryLog();
  const intake = await startIntake({ config, ledger, queue, stores, logger });
  onTestFinished(() => intake.close());
  const send = async (request: RequestInit) => {
    const answer = await fetch(`${intake.url}/v1/events/s3`, request);
    return `${answer.status} ${JSON.stringify(await answer.json())}`;
  };
  const metrics = async () => (await fetch(`${intake.url}/metrics`)).text();
  return { send, logger, metrics };
}

test('a signature that one intake took is refused by every other', async () => {
  const [ledger, queue] = [await freshLedger(), await freshQueue()];
  const [first, second] = [await openOne(ledger, queue), await openOne(ledger, queue)];
  const request = sign(putEvent('raw/orders/a.csv'));
  expect(await first.send(request)).toContain('200 {"accepted":1');
  await expect.poll(() => second.send(request)).toMatch(/^409 .*EVENT_REPLAYED/);
  expect(await first.send(request)).toMatch(/^409 .*EVENT_REPLAYED/);
  expect(await second.send(sign(putEvent('raw/orders/b.csv')))).toContain('200 {"accepted":1');
});

test('of the same signed request at many intakes at once one is taken', async () => {
  const [ledger, queue] = [await freshLedger(), await freshQueue()];
  const all = await Promise.all([1, 2, 3].map(() => openOne(ledger, queue)));
  const request = sign(putEvent('raw/orders/a.csv'));
  const answers = await Promise.all(all.map(({ send }) => send(request)));
  expect(answers.filter((answer) => answer.startsWith('200'))).toHaveLength(1);
  for (const answer of answers) expect(answer).toMatch(/^(200|409|429)/);
});

test('a signed request that one intake could not take may be sent to another', async () => {
  const proxies: Awaited<ReturnType<typeof brittleProxy>>[] = [];
  const broken = await freshLedger(async (url) => {
    const proxy = await brittleProxy(url);
    proxies.push(proxy);
    return proxy.url;
  });
  const [ledger, queue] = [await freshLedger(), await freshQueue()];
  const [first, second] = [await openOne(broken, queue), await openOne(ledger, queue)];
  const request = sign(putEvent('raw/orders/a.csv'));
  await Promise.all(proxies.map((proxy) => proxy.cut()));
  expect(await first.send(request)).toMatch(/^503 .*LEDGER_AWAY/);
  await expect.poll(() => second.send(request)).toContain('200 {"accepted":1');
});

test('while Redis is away signed requests are taken, counted, and refused again by the process that took them', async () => {
  const [ledger, queue] = [await freshLedger(), await freshQueue()];
  const away = () => Promise.reject(new Error('gone'));
  const marks: Marks = { take: away, put: away, remove: away };
  const [first, second] = [await openOne(ledger, { ...queue, marks }), await openOne(ledger, { ...queue, marks })];
  const request = sign(putEvent('raw/orders/a.csv'));
  expect(await first.send(request)).toContain('200 {"accepted":1');
  expect(await first.send(request)).toMatch(/^409/);
  expect(await second.send(request)).toContain('200 {"accepted":0,"duplicates":1');
  expect(await first.metrics()).toContain('sluice_signatures_unshared_total 1');
  expect(first.logger.lines.filter((line) => line.startsWith('Redis is away'))).toHaveLength(1);
});

test('a Redis that does not answer holds a sender up for a quarter of a second, and then nobody for a while', async () => {
  const [ledger, queue] = [await freshLedger(), await freshQueue()];
  let asked = 0;
  const never = () => {
    asked += 1;
    return new Promise<never>(() => {});
  };
  const { send } = await openOne(ledger, { ...queue, marks: { take: never, put: never, remove: never } });
  for (const key of ['a', 'b', 'c']) expect(await send(sign(putEvent(`raw/orders/${key}.csv`)))).toContain('200');
  expect(asked).toBe(1);
});
