import { ChangeMessageVisibilityBatchCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import type { SqsConfig } from '../../shared/config/config.js';
import type { Logger } from '../../shared/telemetry/log.js';

export interface HeartbeatOptions {
  readonly client: SQSClient;
  readonly messages: readonly Message[];
  readonly config: Pick<SqsConfig, 'queueUrl' | 'visibilityMs'>;
  readonly logger: Logger;
}

/**
 * Keeps messages ours while they are worked on: at each half of their visibility it is begun anew. A heartbeat that fails costs a second
 * delivery, never a loss.
 */
export function keepVisible({ client, messages, config, logger }: HeartbeatOptions): { stop(): void } {
  const { queueUrl, visibilityMs } = config;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({
    Id: String(index),
    ReceiptHandle,
    VisibilityTimeout: Math.ceil(visibilityMs / 1000),
  }));
  const timer = setInterval(() => {
    client
      .send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }))
      .catch((error: unknown) => logger.warn({ error: String(error) }, 'messages may come a second time'));
  }, visibilityMs / 2);
  return { stop: () => clearInterval(timer) };
}
