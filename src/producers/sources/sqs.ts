import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../shared/clock.js';
import type { SqsConfig } from '../../shared/config/config.js';
import { isSluiceError, SluiceError, toSluiceError } from '../../shared/errors.js';
import type { ArrivalLedger } from '../../shared/ledger/port.js';
import type { Logger } from '../../shared/telemetry/log.js';
import { parseQueueBody } from '../events/parseEvents.js';
import type { Intake } from '../intake.js';
import type { IntakeMetrics } from '../metrics.js';
import type { Pressure } from '../pressure.js';
import { keepVisible } from './sqsHeartbeat.js';
import { takeEvents } from './webhook.js';

export interface SqsOptions {
  readonly config: SqsConfig;
  /** Used where neither the configuration nor the queue's address names one. */
  readonly region: string;
  readonly intake: Intake;
  readonly ledger: Pick<ArrivalLedger, 'park'>;
  readonly pressure: Pressure;
  readonly metrics: IntakeMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A queue that is being polled. */
export interface SqsSource {
  /** Takes no more messages; resolves when those in work are done. What was received and not taken comes again. */
  close(): Promise<void>;
}

const BATCH = 10;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

/**
 * Starts to take events from a queue: receive, commit to the ledger, then delete, so that a crash at any moment brings a message again and
 * loses none. Each message of a batch has its own end: those that are taken are deleted, the rest come again when their visibility ends. A
 * message that no parser reads is parked in the ledger with its reason when it came `parkAfter` times, and deleted. While intake is busy or
 * the ledger or the queue is away, polling slows down; messages stay in the queue.
 */
export function startSqs(options: SqsOptions): SqsSource {
  const stopping = new AbortController();
  const client = openClient(options);
  const pollers = Array.from({ length: options.config.pollers }, () => poll(options, client, stopping.signal));
  return {
    async close() {
      stopping.abort();
      await Promise.all(pollers);
      client.destroy();
    },
  };
}

function openClient({ config, region }: SqsOptions): SQSClient {
  const { queueUrl, endpoint, accessKeyId, secretAccessKey } = config;
  return new SQSClient({
    region: config.region ?? /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\./.exec(queueUrl)?.[1] ?? region,
    endpoint: endpoint ?? new URL(queueUrl).origin,
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    useQueueUrlAsEndpoint: false,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: config.waitMs + 10_000 },
  });
}

async function poll(options: SqsOptions, client: SQSClient, signal: AbortSignal): Promise<void> {
  const { pressure, logger, clock } = options;
  let pauseMs = 0;
  while (!signal.aborted) {
    try {
      pressure.require();
      const messages = await receive(options, client, signal);
      const failed = await takeBatch(options, client, messages);
      if (failed !== undefined) throw failed;
      pauseMs = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (pauseMs === 0)
        logger.warn(
          { error: toSluiceError(error).message, queue: options.config.queueUrl },
          'polling of the queue slows',
        );
      pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }
}

async function receive({ config }: SqsOptions, client: SQSClient, signal: AbortSignal): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: config.queueUrl,
    MaxNumberOfMessages: BATCH,
    WaitTimeSeconds: Math.floor(config.waitMs / 1000),
    VisibilityTimeout: Math.ceil(config.visibilityMs / 1000),
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  });
  try {
    return (await client.send(command, { abortSignal: signal })).Messages ?? [];
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new SluiceError('SQS_AWAY', `expected messages of ${config.queueUrl}, got ${said}`, { cause: error });
  }
}

/** Takes each message by itself, their records in shared commits, and deletes those that are done with. Answers what keeps the rest. */
async function takeBatch(
  options: SqsOptions,
  client: SQSClient,
  messages: readonly Message[],
): Promise<SluiceError | undefined> {
  if (messages.length === 0) return undefined;
  const heartbeat = keepVisible({ client, messages, config: options.config, logger: options.logger });
  try {
    const ends = await Promise.allSettled(messages.map((message) => takeMessage(options, message)));
    const done = messages.filter((_, index) => {
      const end = ends[index];
      return end?.status === 'fulfilled' && end.value === 'done';
    });
    await deleteAll(options, client, done);
    const failed = ends.find((end) => end.status === 'rejected');
    return failed === undefined ? undefined : toSluiceError(failed.reason);
  } finally {
    heartbeat.stop();
  }
}

/** `again`: it stays in the queue until its visibility ends. Throws LEDGER_AWAY, INTAKE_BUSY. */
async function takeMessage(options: SqsOptions, message: Message): Promise<'done' | 'again'> {
  const { config, ledger, metrics, logger } = options;
  const { Body: body = '', MessageId: messageId = '' } = message;
  try {
    metrics.countReceipt('sqs', await takeEvents(options, parseQueueBody(body), 'sqs'));
    return 'done';
  } catch (thrown) {
    const error = toSluiceError(thrown);
    if (isSluiceError(error, 'LEDGER_AWAY') || isSluiceError(error, 'INTAKE_BUSY')) throw error;
    metrics.countRejected('sqs');
    const receives = Number(message.Attributes?.ApproximateReceiveCount ?? '1');
    if (receives < config.parkAfter) return 'again';
    const { code, message: reason } = error;
    await ledger.park({ queue: config.queueUrl, messageId, code, reason, receives, body });
    logger.warn({ queue: config.queueUrl, messageId, code, error: reason }, 'a message cannot be read and is parked');
    return 'done';
  }
}

/** What is not deleted comes again and is found to be known. */
async function deleteAll(
  { config, logger }: SqsOptions,
  client: SQSClient,
  messages: readonly Message[],
): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  try {
    const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: config.queueUrl, Entries }));
    if (Failed.length > 0) logger.warn({ code: Failed[0]?.Code, messages: Failed.length }, 'messages were not deleted');
  } catch (error) {
    logger.warn({ error: String(error), messages: messages.length }, 'messages were not deleted');
  }
}
