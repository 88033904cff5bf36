import type { AlertConfig } from '../config/alerts.js';
import type { AlertMessage } from './port.js';
import { notDelivered, SEND_MS } from './post.js';

type SnsConfig = Extract<AlertConfig, { type: 'sns' }>;

/** Publishes an alert to an SNS topic: JSON, with a subject for mail. The SDK is loaded at the first alert. */
export async function sendToSns(config: SnsConfig, message: AlertMessage, signal: AbortSignal): Promise<void> {
  const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
  const { topicArn, endpoint, accessKeyId, secretAccessKey } = config;
  const client = new SNSClient({
    region: topicArn.split(':')[3] ?? 'us-east-1',
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  });
  try {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: asSubject(message.title),
        Message: JSON.stringify({ version: 1, ...message }, null, 2),
        MessageAttributes: {
          kind: { DataType: 'String', StringValue: message.kind },
          dataset: { DataType: 'String', StringValue: message.dataset },
        },
      }),
      { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(SEND_MS)]) },
    );
  } catch (error) {
    throw notDelivered(error instanceof Error ? error.name : 'no answer', error);
  } finally {
    client.destroy();
  }
}

/** SNS takes printable ASCII only, at most 100 characters, not beginning with a space. */
function asSubject(title: string): string {
  return title
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trimStart()
    .slice(0, 100);
}
