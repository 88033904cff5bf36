import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';
import { inMessage, parseEvents } from '../events/parseEvents.js';
import { parseSnsEnvelope, type SnsEnvelope } from '../events/snsEnvelope.js';
import { openTokenCheck } from '../../shared/http/bearer.js';
import type { Limits } from '../http/limits.js';
import { decodeBody, readBody } from '../http/readBody.js';
import type { Intake, IntakeReceipt } from '../intake.js';
import type { CertificateSource } from '../sns/certificates.js';
import { confirmSubscription } from '../sns/confirmSubscription.js';
import type { Fetch } from '../sns/fetchText.js';
import { requireTopic, verifySns } from '../sns/verifySns.js';
import { takeEvents } from './webhook.js';

/** Where topics of SNS are subscribed to. */
export const SNS_PATH = '/v1/events/sns';

export interface SnsWebhookOptions {
  /** ARNs; a message of another topic is refused before anything is fetched for it. */
  readonly topics: readonly string[];
  /** For raw delivery, which carries no signature: the password in the subscription's address, or a bearer token. */
  readonly tokens: readonly string[];
  readonly certificates: CertificateSource;
  readonly fetch: Fetch;
  readonly limits: Limits;
  readonly intake: Intake;
  readonly logger: Logger;
}

/**
 * Takes in a request of `POST /v1/events/sns`: notifications, whose Message is read as events once the signature fits; confirmations, which
 * are answered for allowed topics; raw delivery. Throws as `verifySns`, and as the webhook for what is inside.
 */
export function openSnsWebhook(options: SnsWebhookOptions): (request: IncomingMessage) => Promise<IntakeReceipt> {
  const topics = new Set(options.topics);
  const identify = openTokenCheck(options.tokens);
  return async (request) => {
    const { limits } = options;
    limits.requireRoom();
    if (request.headers['x-amz-sns-rawdelivery'] === 'true') {
      const topic = String(request.headers['x-amz-sns-topic-arn'] ?? '');
      const sender = identify(request);
      if (sender === undefined)
        return limits.refuse(request, new SluiceError('EVENT_DENIED', 'expected a known password with raw delivery'));
      requireTopic(topic, topics);
      limits.count(sender);
      return takeEvents(options, parseEvents(decodeBody(await readBody(request))), 'sns');
    }
    const envelope = await readVerified(options, topics, request);
    limits.count(envelope.topicArn);
    return takeEnvelope(options, envelope);
  };
}

/** Only the envelope is parsed before its signature is known; what it carries stays a text. */
async function readVerified(
  { certificates, limits }: SnsWebhookOptions,
  topics: ReadonlySet<string>,
  request: IncomingMessage,
): Promise<SnsEnvelope> {
  try {
    const envelope = parseSnsEnvelope(decodeBody(await readBody(request)));
    if (envelope.kind === 'fault') throw new SluiceError(envelope.code, envelope.message);
    await verifySns(envelope, { topics, certificates });
    return envelope;
  } catch (error) {
    return limits.refuse(request, error);
  }
}

async function takeEnvelope(options: SnsWebhookOptions, envelope: SnsEnvelope): Promise<IntakeReceipt> {
  const { logger, fetch } = options;
  const { type, topicArn: topic } = envelope;
  switch (type) {
    case 'Notification':
      return takeEvents(options, inMessage(parseEvents(envelope.message)), 'sns');
    case 'SubscriptionConfirmation':
      await confirmSubscription(envelope, fetch);
      logger.info({ topic }, 'the subscription to the topic is confirmed');
      break;
    case 'UnsubscribeConfirmation':
      logger.warn({ topic }, 'the subscription to the topic has ended: its events will not come any more');
      break;
  }
  return { accepted: 0, duplicates: 0, ignored: 0 };
}
