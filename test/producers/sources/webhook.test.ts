import { request } from 'node:http';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { type BrittleProxy, brittleProxy } from '../../support/brittleProxy.js';
import { freshLedger, ordersConfig, putEvent, s3Record, startTestIntake, TOKEN } from '../support.js';

async function query(url: string, sql: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('POST /v1/events/s3', () => {
  it('answers after the ledger has the objects, once each, and enqueues one plan a partition', async () => {
    const { send, ledger, queue, settled } = await startTestIntake();
    const keys = ['raw/orders/dt=1/a.csv', 'raw/orders/dt=1/b.csv', 'raw/orders/dt=2/c d.csv'];
    const first = await send(putEvent(...keys));
    expect([first.status, await first.json()]).toEqual([200, { accepted: 3, duplicates: 0, ignored: 0 }]);
    const objects = await ledger.objects.list({ dataset: 'orders', limit: 10 });
    expect(objects.map(({ key, partition, state }) => [key, partition, state]).sort()).toEqual([
      ['raw/orders/dt=1/a.csv', 'dt=1', 'arrived'],
      ['raw/orders/dt=1/b.csv', 'dt=1', 'arrived'],
      ['raw/orders/dt=2/c d.csv', 'dt=2', 'arrived'],
    ]);
    await settled();
    expect(await queue.counts('plan')).toMatchObject({ delayed: 2, waiting: 0 });
    const again = await send(putEvent(...keys, 'raw/orders/dt=1/e.csv'));
    expect(await again.json()).toEqual({ accepted: 1, duplicates: 3, ignored: 0 });
    await settled();
    expect(await queue.counts('plan')).toMatchObject({ delayed: 2, waiting: 0 });
  });

  it('takes its address with a slash at the end, as some stores write it', async () => {
    const { url } = await startTestIntake();
    const send = (path: string) =>
      fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(putEvent('raw/orders/dt=1/slash.csv')),
      });
    expect((await send('/v1/events/s3/')).status).toBe(200);
    expect((await send('/v1/events/s3/more')).status).toBe(404);
  });

  it('gives an object that many name at once to one of them', async () => {
    const { send, ledger } = await startTestIntake();
    const requests = Array.from({ length: 20 }, (_, index) =>
      send(
        putEvent(
          'raw/orders/same.csv',
          'raw/orders/same.csv',
          `raw/orders/dt=${index % 3}/${index}.csv`,
          `other/${index}`,
        ),
      ),
    );
    const answers = await Promise.all(requests.map(async (request) => (await request).json()));
    const sum = (name: string) => answers.reduce((total: number, answer) => total + Number(Object(answer)[name]), 0);
    expect([sum('accepted'), sum('duplicates'), sum('ignored')]).toEqual([21, 39, 20]);
    expect(await ledger.objects.list({ limit: 100 })).toHaveLength(21);
    expect(await ledger.read.ignored()).toMatchObject([{ rule: 'unrouted', count: 20 }]);
  });

  it('plans without delay where the dataset waits for nothing', async () => {
    const { send, queue, settled } = await startTestIntake();
    await send(putEvent('raw/now/a.csv'));
    await settled();
    expect(await queue.counts('plan')).toMatchObject({ delayed: 0, waiting: 1 });
  });

  it('counts what no dataset takes by its rule', async () => {
    const { send, ledger } = await startTestIntake();
    const answer = await send({
      Records: [
        ...putEvent('raw/orders/_SUCCESS', 'elsewhere/a.csv', 'elsewhere/b.csv', 'curated/orders/x.parquet').Records,
        s3Record('ObjectRemoved:Delete', { key: 'raw/orders/a.csv' }),
        s3Record('ObjectCreated:Put', { key: 'raw/orders/dt=1/', size: 0, eTag: 'e' }),
        s3Record('ObjectCreated:Put', { key: 'raw/orders/empty.csv', size: 0, eTag: 'e' }),
      ],
    });
    expect(await answer.json()).toEqual({ accepted: 1, duplicates: 0, ignored: 6 });
    const rows = await query(
      ledger.url,
      'SELECT rule, bucket, count::int, sample_key FROM sluice.ignored ORDER BY rule',
    );
    expect(rows).toEqual([
      { rule: 'artifact', bucket: 'lake', count: 1, sample_key: 'curated/orders/x.parquet' },
      { rule: 'folder', bucket: 'lake', count: 1, sample_key: 'raw/orders/dt=1/' },
      { rule: 'hidden', bucket: 'lake', count: 1, sample_key: 'raw/orders/_SUCCESS' },
      { rule: 'removal', bucket: 'lake', count: 1, sample_key: 'raw/orders/a.csv' },
      { rule: 'unrouted', bucket: 'lake', count: 2, sample_key: 'elsewhere/a.csv' },
    ]);
  });

  it('takes nothing of a request with one bad record, and names the record', async () => {
    const { send, ledger } = await startTestIntake();
    const event = putEvent('raw/orders/a.csv', 'raw/orders/b.csv');
    event.Records[1]!.s3.object.key = '%zz';
    const answer = await send(event);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'EVENT_KEY',
        message: expect.stringContaining('Records[1].s3.object.key'),
        mend: expect.any(String),
      },
    });
    expect(await ledger.objects.list({ limit: 10 })).toEqual([]);
  });

  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer something-else-entirely' }],
    ['a token of another kind', { authorization: `Basic ${TOKEN}` }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('refuses %s before it reads the body', async (_name, headers) => {
    const { send, ledger } = await startTestIntake();
    const answer = await send('this is no JSON', { headers });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await answer.json()).toMatchObject({ error: { code: 'EVENT_DENIED' } });
    expect(await ledger.objects.list({ limit: 10 })).toEqual([]);
  });

  it('takes either of two tokens while one is being replaced', async () => {
    const config = ordersConfig({ tokens: ['the-token-of-last-year', TOKEN] });
    const { send } = await startTestIntake({ config });
    const answers = [
      await send(putEvent('raw/orders/a.csv')),
      await send(putEvent('raw/orders/a.csv'), { headers: { authorization: 'bearer the-token-of-last-year' } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('without tokens takes events of this machine, but not what a proxy forwards or a web page sends', async () => {
    const { send } = await startTestIntake({ config: ordersConfig({}) });
    const statuses = [];
    for (const headers of [
      {},
      { 'x-forwarded-for': '203.0.113.7' },
      { forwarded: 'for=_x' },
      { origin: 'https://evil.example' },
    ])
      statuses.push((await send(putEvent('raw/orders/a.csv'), { headers })).status);
    expect(statuses).toEqual([200, 401, 401, 401]);
  });

  it('refuses a body over 256 KB, in one piece or in chunks without a length', async () => {
    const { send, url } = await startTestIntake();
    const answer = await send('x'.repeat(256 * 1024 + 1));
    expect([answer.status, await answer.json()]).toMatchObject([413, { error: { code: 'EVENT_TOO_LARGE' } }]);
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const out = request(`${url}/v1/events/s3`, { method: 'POST', headers }, (incoming) =>
        resolve(incoming.statusCode),
      );
      out.on('error', reject);
      for (let part = 0; part < 40; part += 1) out.write('x'.repeat(10_000));
      out.end();
    });
    expect(status).toBe(413);
  });

  it('takes a body of just under 256 KB', async () => {
    const { send } = await startTestIntake();
    const event = putEvent(...Array.from({ length: 1000 }, (_, index) => `raw/orders/${index}.csv`));
    const body = JSON.stringify(event).padEnd(256 * 1024, ' ');
    expect(await (await send(body)).json()).toEqual({ accepted: 1000, duplicates: 0, ignored: 0 });
  });

  it('refuses other methods, compressed bodies and bytes that are no text', async () => {
    const { send, url } = await startTestIntake();
    const authorization = `Bearer ${TOKEN}`;
    const get = await fetch(`${url}/v1/events/s3`, { headers: { authorization } });
    const packed = await send('{}', { headers: { authorization, 'content-encoding': 'gzip' } });
    const bytes = await send('', { body: new Uint8Array([0x7b, 0xff, 0x7d]) });
    expect([get.status, get.headers.get('allow'), packed.status, bytes.status]).toEqual([405, 'POST', 400, 400]);
  });

  it('answers the test event of S3', async () => {
    const { send, logger } = await startTestIntake();
    const answer = await send({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'lake' });
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 0, duplicates: 0, ignored: 0 }]);
    expect(logger.lines).toContain('the store sent its test event: notifications are switched on');
  });

  it('keeps arrivals when the queue is away, and says so once', async () => {
    const { send, ledger, queue, logger, settled } = await startTestIntake();
    await queue.close();
    for (const key of ['raw/orders/a.csv', 'raw/orders/dt=1/b.csv'])
      expect((await send(putEvent(key))).status).toBe(200);
    await settled();
    expect(await ledger.objects.list({ limit: 10 })).toHaveLength(2);
    expect(logger.lines.filter((line) => line.startsWith('the queue is away'))).toHaveLength(1);
    expect(await ledger.recovery.unplannedPartitions(0, 10)).toHaveLength(2);
  });

  it('answers 503 with Retry-After when the ledger is away, and takes the same request once it is back', async () => {
    const ways: BrittleProxy[] = [];
    const ledger = await freshLedger(async (direct) => {
      const way = await brittleProxy(direct);
      ways.push(way);
      return way.url;
    });
    const { send, url } = await startTestIntake({ ledger });
    await ways[0]?.cut();
    const away = await send(putEvent('raw/orders/a.csv'));
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await away.json()).toMatchObject({ error: { code: 'LEDGER_AWAY' } });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await ways[0]?.mend();
    expect(await (await send(putEvent('raw/orders/a.csv'))).json()).toMatchObject({ accepted: 1 });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe('the other pages of intake', () => {
  it('tell metrics, and nothing of what they are built with', async () => {
    const { send, url } = await startTestIntake();
    await send(putEvent('raw/orders/a.csv', 'elsewhere/b.csv'));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('sluice_events_total{source="webhook",outcome="new"} 1');
    expect(metrics).toContain('sluice_events_total{source="webhook",outcome="ignored"} 1');
    expect(metrics).toMatch(/sluice_intake_request_seconds_count\{status="200"\} 1/);
    const missing = await fetch(`${url}/nothing-here`);
    expect([missing.status, missing.headers.get('x-powered-by')]).toEqual([404, null]);
    expect(missing.headers.get('content-security-policy')).toContain("default-src 'self'");
  });
});
