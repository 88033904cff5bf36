import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it, onTestFinished } from 'vitest';
import { keepVisible } from '../../../src/producers/sources/sqsHeartbeat.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { startTestSqs } from '../../support/sqs/server.js';

it('keeps messages hidden for as long as they are worked on, and no longer', async () => {
  const sqs = await startTestSqs();
  const credentials = { accessKeyId: 'T', secretAccessKey: 't' };
  const client = new SQSClient({ region: 'eu-west-1', credentials, endpoint: new URL(sqs.queueUrl).origin });
  onTestFinished(async () => {
    client.destroy();
    await sqs.close();
  });
  const receive = async () => {
    const command = new ReceiveMessageCommand({ QueueUrl: sqs.queueUrl, VisibilityTimeout: 1 });
    return (await client.send(command)).Messages ?? [];
  };
  sqs.send('body');
  const messages = await receive();
  const heartbeat = keepVisible({
    client,
    messages,
    config: { queueUrl: sqs.queueUrl, visibilityMs: 1000 },
    logger: silentLog,
  });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(await receive()).toEqual([]);
  heartbeat.stop();
  await expect.poll(async () => (await receive()).length, { timeout: 5000 }).toBe(1);
});
