import { z } from 'zod';
import { type Fault, malformed, parseJson, shortText } from './arrival.js';

const TYPES = ['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation'] as const;

const envelopeSchema = z.object({
  Type: z.enum(TYPES),
  MessageId: shortText.min(1),
  TopicArn: shortText.regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/, {
    message: 'expected the ARN of an SNS topic',
  }),
  Subject: z.string().nullish(),
  Message: z.string(),
  Timestamp: shortText.min(1),
  SignatureVersion: z.string().optional(),
  Signature: z.string().max(4096).optional(),
  SigningCertURL: z.string().max(2048).optional(),
  SubscribeURL: z.string().max(4096).optional(),
  Token: z
    .string()
    .regex(/^[0-9A-Za-z]{1,1024}$/, { message: 'expected a token of letters and digits' })
    .optional(),
});

/** A message of Amazon SNS, as HTTP endpoints and queues get it. Nothing in it is to be trusted before its signature is verified. */
export interface SnsEnvelope {
  readonly kind: 'envelope';
  readonly type: (typeof TYPES)[number];
  readonly messageId: string;
  readonly topicArn: string;
  /** The notification's own text, or a sentence for people. */
  readonly message: string;
  /** What a confirmation is asked with. */
  readonly token?: string;
  readonly subscribeUrl?: string;
  readonly signature: {
    readonly version: string;
    /** Base64. */
    readonly value: string;
    readonly certificateUrl: string;
    /** The text that was signed. */
    readonly signed: string;
  };
}

/** Reads the text of an SNS envelope. Pure. */
export function parseSnsEnvelope(body: string): SnsEnvelope | Fault {
  const json = parseJson(body);
  return json.kind === 'fault' ? json : readSnsEnvelope(json.value);
}

/** Reads a parsed SNS envelope. Pure. */
export function readSnsEnvelope(value: unknown): SnsEnvelope | Fault {
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success) return malformed(parsed.error, '');
  const said = parsed.data;
  return {
    kind: 'envelope',
    type: said.Type,
    messageId: said.MessageId,
    topicArn: said.TopicArn,
    message: said.Message,
    ...(said.Token === undefined ? {} : { token: said.Token }),
    ...(said.SubscribeURL === undefined ? {} : { subscribeUrl: said.SubscribeURL }),
    signature: {
      version: said.SignatureVersion ?? '',
      value: said.Signature ?? '',
      certificateUrl: said.SigningCertURL ?? '',
      signed: textToSign(said),
    },
  };
}

const SIGNED_FIELDS = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const;

/** Name and value on lines of their own, for each field that is there (https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html). */
function textToSign(said: z.infer<typeof envelopeSchema>): string {
  return SIGNED_FIELDS[said.Type]
    .map((name) => {
      const value = said[name];
      return value === undefined || value === null ? '' : `${name}\n${value}\n`;
    })
    .join('');
}
