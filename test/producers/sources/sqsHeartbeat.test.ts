import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { keepVisible } from '../../../src/producers/sources/sqsHeartbeat.js';
import { silentLog } from '../../../src/shared/telemetry/log.js';
import { startTestSqs } from '../../support/sqs/server.js';

const VISIBILITY_MS = 600_000;

it('keeps messages hidden for as long as they are worked on, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const sqs = await startTestSqs();
  const credentials = { accessKeyId: 'T', secretAccessKey: 't' };
  const client = new SQSClient({ region: 'eu-west-1', credentials, endpoint: new URL(sqs.queueUrl).origin });
  onTestFinished(async () => {
    vi.useRealTimers();
    client.destroy();
    await sqs.close();
  });
  sqs.send('body');
  const command = new ReceiveMessageCommand({ QueueUrl: sqs.queueUrl, VisibilityTimeout: 300 });
  const { Messages: messages = [] } = await client.send(command);
  const config = { queueUrl: sqs.queueUrl, visibilityMs: VISIBILITY_MS };
  const heartbeat = keepVisible({ client, messages, config, logger: silentLog });
  const hidden = () => sqs.hiddenMs()[0] ?? 0;
  expect(hidden()).toBeLessThanOrEqual(300_000);
  for (const beats of [1, 2]) {
    vi.advanceTimersByTime(VISIBILITY_MS / 2);
    await vi.waitUntil(() => sqs.requests()['ChangeMessageVisibilityBatch'] === beats && hidden() > 300_000, 60_000);
  }
  heartbeat.stop();
  vi.advanceTimersByTime(2 * VISIBILITY_MS);
  await client.send(command);
  expect(sqs.requests()['ChangeMessageVisibilityBatch']).toBe(2);
});
