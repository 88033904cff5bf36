import { describe, expect, it, onTestFinished } from 'vitest';
import { type BrittleProxy, brittleProxy } from '../../support/brittleProxy.js';
import { startTestSqs } from '../../support/sqs/server.js';
import { freshLedger, ordersConfig, putEvent, startTestIntake, TOKEN, type TestLedger } from '../support.js';

type SqsInput = NonNullable<NonNullable<Parameters<typeof ordersConfig>[1]>['sqs']>;

async function startWithSqs(settings: Partial<SqsInput> = {}, ledger?: TestLedger) {
  const sqs = await startTestSqs();
  onTestFinished(() => sqs.close());
  const common = { queueUrl: sqs.queueUrl, region: 'eu-west-1', accessKeyId: 'TEST', secretAccessKey: 'test' };
  const config = ordersConfig({ tokens: [TOKEN] }, { sqs: { ...common, wait: '1s', ...settings } });
  const intake = await startTestIntake({ config, ...(ledger === undefined ? {} : { ledger }) });
  const keys = async () => (await intake.ledger.objects.list({ limit: 1000 })).map(({ key }) => key).sort();
  return { ...intake, sqs, keys };
}

const event = (...keys: string[]) => JSON.stringify(putEvent(...keys));
const sns = (message: string) =>
  JSON.stringify({
    Type: 'Notification',
    MessageId: 'm',
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:lake',
    Message: message,
    Timestamp: '2026-03-01T04:05:07.001Z',
  });
const bridge = (key: string) =>
  JSON.stringify({
    source: 'aws.s3',
    'detail-type': 'Object Created',
    detail: { bucket: { name: 'lake' }, object: { key, size: 1, etag: 'e' } },
  });

describe('the SQS source', () => {
  it('takes S3, SNS and EventBridge bodies, and deletes a message only when the ledger has what it says', async () => {
    const { sqs, keys } = await startWithSqs();
    sqs.send(event('raw/orders/a.csv', 'raw/orders/b.csv'));
    sqs.send(sns(event('raw/orders/c.csv')));
    sqs.send(bridge('raw/orders/d+e.csv'));
    sqs.send(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'lake' }));
    await expect.poll(sqs.size).toBe(0);
    expect(await keys()).toEqual(['a', 'b', 'c', 'd+e'].map((name) => `raw/orders/${name}.csv`));
  });

  it('takes many messages in batches of ten', async () => {
    const { sqs, keys } = await startWithSqs();
    for (let turn = 0; turn < 95; turn += 1) sqs.send(event(`raw/orders/${turn}.csv`));
    await expect.poll(sqs.size).toBe(0);
    expect(await keys()).toHaveLength(95);
    expect(sqs.requests()['DeleteMessageBatch']).toBeLessThan(40);
  });

  it('takes the good ones of a batch, and parks the bad one with its reason when it came often enough', async () => {
    const { sqs, keys, ledger } = await startWithSqs({ visibility: '5s', parkAfter: 2, pollers: 1 });
    sqs.send(event('raw/orders/a.csv'));
    const bad = sqs.send('{"hello":"world"}');
    sqs.send(event('raw/orders/b.csv'));
    await expect.poll(sqs.size).toBe(1);
    expect(await keys()).toEqual(['raw/orders/a.csv', 'raw/orders/b.csv']);
    expect(await ledger.arrivals.parked(10)).toEqual([]);
    sqs.release();
    await expect.poll(sqs.size).toBe(0);
    expect(await ledger.arrivals.parked(10)).toMatchObject([
      { queue: sqs.queueUrl, messageId: bad, code: 'EVENT_UNKNOWN', receives: 2, body: '{"hello":"world"}' },
    ]);
  });

  it('takes a message that could not be deleted again as known', async () => {
    const { sqs, ledger, url } = await startWithSqs({ visibility: '5s' });
    const body = event('raw/orders/a.csv');
    sqs.failDeletesOf([body]);
    sqs.send(body);
    await expect.poll(() => sqs.requests()['DeleteMessageBatch'] ?? 0).toBe(1);
    sqs.failDeletesOf([]);
    sqs.release();
    await expect.poll(sqs.size).toBe(0);
    expect(await ledger.objects.list({ limit: 5 })).toHaveLength(1);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('sluice_events_total{source="sqs",outcome="new"} 1');
    expect(metrics).toContain('sluice_events_total{source="sqs",outcome="duplicate"} 1');
  });

  it('leaves messages in the queue while the ledger is away, slows down, and loses none', async () => {
    const ways: BrittleProxy[] = [];
    const ledger = await freshLedger(async (direct) => {
      const way = await brittleProxy(direct);
      ways.push(way);
      return way.url;
    });
    const { sqs, keys, logger } = await startWithSqs({ visibility: '5s' }, ledger);
    await ways[0]?.cut();
    for (let turn = 0; turn < 25; turn += 1) sqs.send(event(`raw/orders/${turn}.csv`));
    await expect.poll(() => logger.lines.includes('polling of the queue slows')).toBe(true);
    expect(sqs.size()).toBe(25);
    expect(sqs.requests()['DeleteMessageBatch']).toBeUndefined();
    await ways[0]?.mend();
    sqs.release();
    await expect.poll(sqs.size).toBe(0);
    expect(await keys()).toHaveLength(25);
  });

  it('goes on when the queue was away', async () => {
    const { sqs, keys } = await startWithSqs();
    sqs.answerWith(503);
    sqs.send(event('raw/orders/a.csv'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    sqs.answerWith(undefined);
    await expect.poll(sqs.size).toBe(0);
    expect(await keys()).toHaveLength(1);
  });

  it('asks for nothing while more is pending than the configuration allows', async () => {
    const sqs = await startTestSqs();
    onTestFinished(() => sqs.close());
    const config = ordersConfig(
      { tokens: [TOKEN] },
      {
        backpressure: { pendingBytes: 1 },
        sqs: {
          queueUrl: sqs.queueUrl,
          region: 'eu-west-1',
          accessKeyId: 'T',
          secretAccessKey: 't',
          wait: '1s',
          pollers: 1,
        },
      },
    );
    const { logger } = await startTestIntake({ config });
    sqs.send(event('raw/orders/a.csv'));
    await expect.poll(() => logger.lines.includes('polling of the queue slows')).toBe(true);
    sqs.send(event('raw/orders/b.csv'));
    const asked = sqs.requests()['ReceiveMessage'];
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect([sqs.requests()['ReceiveMessage'], sqs.size()]).toEqual([asked, 1]);
  });
});
