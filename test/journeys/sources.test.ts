import { afterEach, expect, onTestFinished, test } from 'vitest';
import { createdRecord, postRecords } from '../support/events.js';
import { openPipeline, type Pipeline, TOKEN } from '../support/pipeline.js';
import { openTestSns, TOPIC } from '../support/sns.js';
import { startTestSqs, type TestSqs } from '../support/sqs/server.js';

let pipeline: Pipeline;

afterEach(() => pipeline.close());

const orders = `  orders:
    source: { prefix: raw/orders/ }
    batch: { maxWait: 0s }
    load: [{ target: warehouse, table: orders }]
`;

const BODY = 'id,amount\n1,9.50\n2,7\n';

async function expectRows(): Promise<void> {
  await pipeline.settled(1);
  expect(await pipeline.query('select id::int, amount::text from orders order by id')).toEqual([
    { id: 1, amount: '9.5' },
    { id: 2, amount: '7' },
  ]);
  expect(await pipeline.services.ledger.objects.list({ limit: 5 })).toMatchObject([{ state: 'loaded', rowsIn: 2 }]);
}

test('from a webhook event to rows', async () => {
  pipeline = await openPipeline({ datasets: orders, notify: false });
  const record = createdRecord('raw/orders/a b.csv', await pipeline.put('raw/orders/a b.csv', BODY), BODY.length);
  expect((await postRecords(pipeline.intakeUrl, TOKEN, [record])).status).toBe(200);
  await expectRows();
});

test('from a notification that SNS signed to rows', async () => {
  const sns = openTestSns();
  pipeline = await openPipeline({
    datasets: orders,
    notify: false,
    webhook: `tokens: [${TOKEN}], sns: { topics: ["${TOPIC}"] }`,
    fetch: sns.fetch,
  });
  const post = (body: string) => fetch(`${pipeline.intakeUrl}/v1/events/sns`, { method: 'POST', body });
  expect((await post(sns.confirm())).status).toBe(200);
  const record = createdRecord('raw/orders/a.csv', await pipeline.put('raw/orders/a.csv', BODY), BODY.length);
  const body = sns.notify(JSON.stringify({ Records: [record] }), { SignatureVersion: '2' });
  expect(await (await post(body)).json()).toEqual({ accepted: 1, duplicates: 0, ignored: 0 });
  await expectRows();
});

test('from a message in SQS to rows', async () => {
  const sqs: TestSqs = await startTestSqs();
  onTestFinished(() => sqs.close());
  pipeline = await openPipeline({
    datasets: orders,
    notify: false,
    intake: `sqs: { queueUrl: "${sqs.queueUrl}", region: eu-west-1, accessKeyId: T, secretAccessKey: t, wait: 1s }`,
  });
  const record = createdRecord('raw/orders/a.csv', await pipeline.put('raw/orders/a.csv', BODY), BODY.length);
  sqs.send(JSON.stringify({ Records: [record] }));
  await expectRows();
  await expect.poll(sqs.size).toBe(0);
});

test('from a file that no event announced to rows, by a sweep', async () => {
  pipeline = await openPipeline({ datasets: orders, notify: false });
  await pipeline.put('raw/orders/a.csv', BODY);
  const context = pipeline.services.workerContext({ closeNow: true });
  const report = await context.sweep(pipeline.config.datasets[0]!, AbortSignal.timeout(30_000));
  expect(report).toMatchObject({ found: 1, recorded: 1 });
  await expectRows();
});
