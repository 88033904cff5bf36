import { z } from 'zod';
import { durationField, portField, sizeField, urlField } from './fields.js';

const secretField = z.string().min(16, 'expected a secret of at least 16 characters');

const webhookSchema = z.strictObject({
  tokens: z
    .array(z.string().min(16, 'expected a token of at least 16 characters'))
    .min(1)
    .max(2)
    .optional()
    .describe('Bearer tokens; two while one is being replaced.'),
  hmac: z
    .strictObject({ secrets: z.array(secretField).min(1).max(2).describe('Two while one is being replaced.') })
    .optional()
    .describe('Senders that sign: x-sluice-signature with HMAC-SHA256 over timestamp.body.'),
  sns: z
    .strictObject({
      topics: z
        .array(
          z
            .string()
            .regex(
              /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/,
              'expected the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:lake',
            ),
        )
        .min(1)
        .describe('Topics that may send; their subscriptions are confirmed, no others.'),
    })
    .optional()
    .describe('Amazon SNS at /v1/events/sns, by its own signatures.'),
  rateLimit: z
    .strictObject({
      requestsPerSecond: z.int().min(1).max(1e6).default(10_000),
      burst: z.int().min(1).max(1e6).default(20_000).describe('Requests that may come at once after a pause.'),
    })
    .prefault({})
    .describe('Of each sender; what is over gets 429.'),
});

const sqsSchema = z.strictObject({
  queueUrl: urlField('https', 'http').describe('Its messages are S3 events, bare, from SNS or from EventBridge.'),
  region: z.string().optional().describe('Default: as the queue’s URL says, else that of the lake.'),
  endpoint: urlField('https', 'http').optional().describe('For SQS-compatible servers.'),
  accessKeyId: z.string().optional().describe('Default: the AWS credential chain.'),
  secretAccessKey: z.string().optional(),
  pollers: z.int().min(1).max(32).default(2).describe('Receives at once; each takes up to 10 messages.'),
  wait: durationField.default(20_000).describe('How long an empty queue is listened to, 20s at most.'),
  visibility: durationField.default(60_000).describe('How long a message is ours; prolonged while it is worked on.'),
  parkAfter: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('A message that cannot be read is set aside, with its reason, when it came this often.'),
});

/** How arrivals come in. */
export const intakeSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on.'),
  port: portField.default(8080),
  trustProxy: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('Exact number of proxies in front, whose x-forwarded-for is believed.'),
  webhook: webhookSchema.optional(),
  sqs: sqsSchema.optional().describe('A queue to take events from.'),
  backpressure: z
    .strictObject({
      pendingBytes: sizeField
        .default(10e12)
        .describe('Bytes that wait to be compacted; above, senders are told to wait.'),
      ledgerLatency: durationField.default(5000).describe('Time of a ledger commit; above, senders are told to wait.'),
    })
    .prefault({}),
  sweep: z
    .strictObject({
      settle: durationField
        .default(2000)
        .describe('An object that is younger is looked at again at the end, since it may still be replaced.'),
      parallel: z.int().min(1).max(64).default(8).describe('Listings of one bucket at once.'),
    })
    .prefault({}),
});
