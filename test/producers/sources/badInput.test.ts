import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startIntake } from '../../../src/producers/main.js';
import { openStore } from '../../../src/shared/stores/open.js';
import { makeConfig } from '../../support/datasets.js';
import { freshFolder } from '../../support/folders.js';
import {
  freshLedger,
  freshQueue,
  memoryLog,
  ordersConfig,
  putEvent,
  s3Record,
  startTestIntake,
  TOKEN,
} from '../support.js';

const SECRET = 'a-secret-of-this-test';

function signed(body: string, secret = SECRET, seconds = Math.floor(Date.now() / 1000)) {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return { 'x-sluice-signature': `t=${seconds},v1=${digest}` };
}

const withHmac = () => startTestIntake({ config: ordersConfig({ hmac: { secrets: [SECRET] } }) });

async function codeOf(answer: Response): Promise<string> {
  const said = (await answer.json()) as { error?: { code: string } };
  return `${answer.status} ${said.error?.code ?? 'taken'}`;
}

const raw = (object: object) =>
  JSON.stringify({ Records: [s3Record('ObjectCreated:Put', { key: 'raw/orders/a.csv', size: 1, eTag: 'e' }), object] });

it.each([
  ['truncated JSON', '{"Records":[{"eventName":"Obj', '400 EVENT_NOT_JSON'],
  ['100,000 records', `{"Records":[${'{},'.repeat(99_999)}{}]}`, '413 EVENT_TOO_LARGE'],
  ['10,001 records', `{"Records":[${'{},'.repeat(10_000)}{}]}`, '413 EVENT_TOO_MANY'],
  ['a wrong type', raw({ eventName: 'ObjectCreated:Put', s3: { bucket: 7 } }), '400 EVENT_MALFORMED'],
  ['no record', raw({ __proto__: null }), '400 EVENT_MALFORMED'],
  ['a prototype', `{"__proto__":{"Records":[]}}`, '400 EVENT_UNKNOWN'],
  ['another service', '{"source":"aws.ec2","detail-type":"x","detail":{}}', '400 EVENT_UNKNOWN'],
  ['an invalid escape', raw(recordOf('raw/orders/%zz.csv')), '400 EVENT_KEY'],
  ['an escaped NUL', raw(recordOf('raw/orders/%00.csv')), '400 EVENT_KEY'],
  ['a key of 1,025 bytes', raw(recordOf('k'.repeat(1025))), '400 EVENT_KEY'],
])('refuses %s by its own code, logs it once, and records nothing of it', async (_name, body, expected) => {
  const { send, ledger, logger } = await startTestIntake();
  expect(await codeOf(await send(body))).toBe(expected);
  expect(await codeOf(await send(body))).toBe(expected);
  expect(await ledger.objects.list({ limit: 5 })).toEqual([]);
  expect(logger.lines.filter((line) => line === 'events were refused')).toHaveLength(1);
});

it('takes a key of 1,024 bytes with control characters as it is, and sets aside those that look like paths', async () => {
  const { send, ledger } = await startTestIntake();
  const odd = `raw/orders/\u0001\u001f\n\u007f${'x'.repeat(1005)}.csv`;
  expect(Buffer.byteLength(odd)).toBe(1024);
  const keys = [odd, 'raw/orders/../../../etc/passwd.csv', '../../etc/passwd'];
  const Records = keys.map((key) => s3Record('ObjectCreated:Put', { key, size: 1, eTag: 'e' }));
  expect(await (await send({ Records })).json()).toEqual({ accepted: 1, duplicates: 0, ignored: 2 });
  expect((await ledger.objects.list({ limit: 5 })).map(({ key }) => key)).toEqual([odd]);
  const rules = (await ledger.read.ignored()).map(({ rule, sampleKey }) => [rule, sampleKey]);
  expect(rules.sort()).toEqual([
    ['hidden', 'raw/orders/../../../etc/passwd.csv'],
    ['unrouted', '../../etc/passwd'],
  ]);
});

it.each([
  '../../etc/passwd',
  '..',
  'raw/orders/../../../etc/passwd',
  '/etc/passwd',
  'raw//orders/a.csv',
  'raw/orders/./a.csv',
  '.sluice-store/tags/a.csv',
  'raw/orders/a\0.csv',
])('refuses the key %j of a folder, however it is written, and records nothing beside it', async (key) => {
  const folder = await freshFolder();
  await mkdir(join(folder, 'raw/orders'), { recursive: true });
  await writeFile(join(folder, 'raw/orders/good.csv'), 'id\n1\n');
  const { store } = openStore(`file://${folder}`);
  const [ledger, logger] = [await freshLedger(), memoryLog()];
  const config = makeConfig({
    lake: { url: `file://${folder}` },
    intake: { port: 0, webhook: { tokens: [TOKEN] } },
    // The whole folder: no prefix keeps anything away.
    datasets: { all: { source: { url: `file://${folder}` } } },
  });
  const stores = { lake: store, sources: new Map([['all', store]]) };
  const intake = await startIntake({ config, ledger, queue: await freshQueue(), stores, logger });
  onTestFinished(() => intake.close());
  const record = (name: string) => ({
    eventVersion: '2.1',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: store.bucket }, object: { key: name, size: 5, eTag: 'e' } },
  });
  const bridge = { source: 'aws.s3', 'detail-type': 'Object Created', detail: record(key).s3 };
  const send = (body: object) =>
    fetch(`${intake.url}/v1/events/s3`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(body),
    });
  const spellings = [
    encodeURIComponent(key),
    [...Buffer.from(key)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  ];
  for (const spelling of spellings)
    expect(await codeOf(await send({ Records: [record('raw/orders/good.csv'), record(spelling)] }))).toBe(
      '400 EVENT_KEY',
    );
  expect(await codeOf(await send(bridge))).toBe('400 EVENT_KEY');
  expect(await ledger.objects.list({ limit: 5 })).toEqual([]);
  expect(await ledger.read.ignored()).toEqual([]);
  expect(logger.lines.filter((line) => line === 'events were refused')).toHaveLength(1);
  expect(await codeOf(await send({ Records: [record('raw/orders/good.csv')] }))).toBe('200 taken');
  expect(await ledger.objects.list({ limit: 5 })).toHaveLength(1);
});

it('stops reading a body of 10 MB at 256 KB', async () => {
  const { url, ledger, logger } = await startTestIntake();
  const before = process.memoryUsage().rss;
  const status = await new Promise((resolve) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const out = request(`${url}/v1/events/s3`, { method: 'POST', headers }, (answer) => resolve(answer.statusCode));
    out.on('error', () => resolve('cut'));
    for (let part = 0; part < 160; part += 1) out.write(Buffer.alloc(65_536, 0x20));
    out.end();
  });
  expect([413, 'cut']).toContain(status);
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  expect(logger.lines.filter((line) => line === 'events were refused')).toHaveLength(1);
  expect(await ledger.objects.list({ limit: 5 })).toEqual([]);
});

it('takes signed requests, and refuses altered, late and replayed ones by their codes, each logged once', async () => {
  const { send, ledger, logger } = await withHmac();
  const body = JSON.stringify(putEvent('raw/orders/a.csv'));
  const headers = signed(body);
  expect(await codeOf(await send(body, { headers }))).toBe('200 taken');
  expect(await codeOf(await send(body, { headers }))).toBe('409 EVENT_REPLAYED');
  expect(await codeOf(await send(body.replace('a.csv', 'b.csv'), { headers }))).toBe('401 EVENT_SIGNATURE');
  expect(await codeOf(await send(body, { headers: signed(body, 'another-secret-of-a-stranger') }))).toBe(
    '401 EVENT_SIGNATURE',
  );
  expect(await codeOf(await send(body, { headers: signed(body, SECRET, 1_700_000_000) }))).toBe('401 EVENT_EXPIRED');
  expect(await codeOf(await send(body, { headers: {} }))).toBe('401 EVENT_DENIED');
  expect(await ledger.objects.list({ limit: 5 })).toHaveLength(1);
  // Replayed, altered (twice), late, unknown.
  expect(logger.lines.filter((line) => line === 'events were refused')).toHaveLength(4);
});

it('takes a signed request again that was refused for what it says', async () => {
  const { send } = await withHmac();
  const headers = signed('{');
  expect(await codeOf(await send('{', { headers }))).toBe('400 EVENT_NOT_JSON');
  expect(await codeOf(await send('{', { headers }))).toBe('400 EVENT_NOT_JSON');
});

it('tells a sender that is over its rate to wait, and a stranger who guesses', async () => {
  const config = ordersConfig({ tokens: [TOKEN], rateLimit: { requestsPerSecond: 1, burst: 3 } });
  const now = Date.now();
  const { send } = await startTestIntake({ config, clock: { now: () => now, sleep: async () => {} } });
  const statuses = [];
  for (let turn = 0; turn < 4; turn += 1) statuses.push((await send(putEvent('raw/orders/a.csv'))).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  const guesses = await Promise.all(
    Array.from({ length: 150 }, async (_, turn) =>
      send('{}', { headers: { authorization: `Bearer guess-number-${turn}` } }),
    ),
  );
  const refused = guesses.map(({ status }) => status);
  expect([...new Set(refused)].sort()).toEqual([401, 429]);
});

it('answers 429 with Retry-After while more is pending than the configuration allows, and records nothing', async () => {
  const config = ordersConfig({ tokens: [TOKEN] }, { backpressure: { pendingBytes: 2 } });
  const { send, ledger } = await startTestIntake({ config });
  expect(await codeOf(await send(putEvent('raw/orders/a.csv')))).toBe('200 taken');
  await expect.poll(async () => (await send(putEvent('raw/orders/a.csv'))).status).toBe(429);
  const busy = await send(putEvent('raw/orders/b.csv'));
  expect([busy.headers.get('retry-after'), await codeOf(busy)]).toEqual(['2', '429 INTAKE_BUSY']);
  expect(await ledger.objects.list({ limit: 5 })).toHaveLength(1);
});

function recordOf(key: string) {
  return {
    eventVersion: '2.1',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'lake' }, object: { key, size: 1, eTag: 'e' } },
  };
}
