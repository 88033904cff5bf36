import { afterEach, expect, test } from 'vitest';
import { openReceiver, type Receiver } from '../support/receiver.js';
import { openPipeline, type Pipeline } from '../support/pipeline.js';

let pipeline: Pipeline;
const receivers: Receiver[] = [];

afterEach(async () => {
  await pipeline.close();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function receive(options: Parameters<typeof openReceiver>[0] = {}): Promise<Receiver> {
  const receiver = await openReceiver(options);
  receivers.push(receiver);
  return receiver;
}

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    columns: { id: { checks: [unique] } }
    load: [{ target: warehouse, table: orders }]
`;

test('a held batch is told to a webhook and to Slack, with what to do and where to look, and its rows stay unsaid', async () => {
  const [hook, slack] = [await receive(), await receive()];
  pipeline = await openPipeline({
    datasets: orders,
    settings: `console: { url: "https://sluice.example/" }
alerts:
  - { type: webhook, name: hook, url: "${hook.url}", headers: { authorization: "Bearer t0ken" }, on: [hold, check] }
  - { type: slack, url: "${slack.url}", on: [hold] }
`,
  });
  await pipeline.put('raw/orders/a.csv', 'id,name\n7777,secret\n7777,secret\n');
  await pipeline.until(async () => hook.received.length >= 2 && slack.received.length >= 1);
  const told = hook.received.map(({ body }) => JSON.parse(body));
  const held = told.find(({ kind }) => kind === 'hold');
  expect(held).toMatchObject({ version: 1, key: 'hold/orders/batch', dataset: 'orders', news: 1 });
  expect(held.title).toBe('orders: a batch is held back');
  expect(held.mend).toMatch(/^sluice quarantine show [0-9a-f-]{36};/);
  expect(held.link).toMatch(/^https:\/\/sluice\.example\/batches\/[0-9a-f-]{36}$/);
  expect(told.find(({ kind }) => kind === 'check').title).toBe('orders: check id.unique failed');
  expect(hook.received[0]?.headers).toMatchObject({
    authorization: 'Bearer t0ken',
    'content-type': 'application/json',
  });
  const [said] = slack.received.map(({ body }) => JSON.parse(body));
  expect(said.text).toBe('orders: a batch is held back');
  expect(said.blocks[0].text.text).toContain('|Open in Sluice>');
  expect(JSON.stringify([told, said])).not.toMatch(/7777|secret/);
});

test('while the receiver is down everything else goes on and status says so; when it is back, it is told once', async () => {
  const gone = await receive();
  await gone.close();
  receivers.length = 0;
  const good = orders.replace('    columns: { id: { checks: [unique] } }\n', '');
  pipeline = await openPipeline({
    datasets: good,
    settings: `alerts: [{ type: webhook, name: hook, url: "http://127.0.0.1:${gone.port}/x?token=hidden", on: [quarantine] }]\n`,
  });
  const { ledger } = pipeline.services;
  await pipeline.put('raw/orders/bad.parquet', 'no parquet');
  await pipeline.put('raw/orders/a.csv', 'id\n1\n');
  await pipeline.settled(2);
  await pipeline.until(async () => (await ledger.alerts.troubles(['hook'])).length > 0);
  const [trouble] = await ledger.alerts.troubles(['hook']);
  expect(trouble).toMatchObject({ sink: 'hook', gaveUp: false, error: expect.stringContaining('ECONNREFUSED') });
  expect(trouble?.error).not.toContain('hidden');
  expect(await pipeline.query('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 1 }]);

  const back = await receive({ port: gone.port });
  await pipeline.until(async () => back.received.length > 0);
  await pipeline.until(async () => (await ledger.alerts.troubles(['hook'])).length === 0);
  expect(back.received.map(({ body }) => JSON.parse(body).kind)).toEqual(['quarantine']);
});
