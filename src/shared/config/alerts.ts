import { z } from 'zod';
import { ALERT_KINDS, type AlertKind } from '../ledger/watchRecords.js';
import { durationField, nameField, urlField } from './fields.js';

const common = {
  name: nameField.optional().describe('How status calls it; default made of its type and address.'),
  on: z
    .array(z.enum(ALERT_KINDS))
    .min(1)
    .default([...ALERT_KINDS])
    .describe('What it is told about.'),
  remind: durationField
    .refine((ms) => ms >= 1000, 'expected at least 1s')
    .default(36e5)
    .describe('The same trouble is told again after this time at the earliest, if it came again.'),
};

const webhookSchema = z.strictObject({
  type: z.literal('webhook'),
  url: urlField('https', 'http').describe('Gets a POST with the alert as JSON.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with it, such as an Authorization.'),
  ...common,
});

const slackSchema = z.strictObject({
  type: z.literal('slack'),
  url: urlField('https', 'http').describe('An incoming webhook of Slack, or of what speaks like it.'),
  ...common,
});

const snsSchema = z.strictObject({
  type: z.literal('sns'),
  topicArn: z.string().regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+$/, 'expected the ARN of an SNS topic'),
  endpoint: urlField('https', 'http').optional().describe('For SNS-compatible services.'),
  accessKeyId: z.string().optional().describe('Default: the AWS credential chain.'),
  secretAccessKey: z.string().optional(),
  ...common,
});

/** Who is told when something goes wrong. */
export const alertsSchema = z.array(z.discriminatedUnion('type', [webhookSchema, slackSchema, snsSchema])).default([]);

type AlertFile = z.infer<typeof alertsSchema>[number];

/** A receiver of alerts with its name. */
export type AlertConfig = Omit<AlertFile, 'name' | 'remind' | 'on'> & {
  readonly name: string;
  readonly on: readonly AlertKind[];
  readonly remindMs: number;
} & (
    | { readonly type: 'webhook'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | { readonly type: 'slack'; readonly url: string }
    | {
        readonly type: 'sns';
        readonly topicArn: string;
        readonly endpoint?: string;
        readonly accessKeyId?: string;
        readonly secretAccessKey?: string;
      }
  );
