import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';
import type { ParsedEvents } from '../events/arrival.js';
import { parseEvents } from '../events/parseEvents.js';
import { isOwnMachine, openTokenCheck } from '../../shared/http/bearer.js';
import { type SignedRequest, SIGNATURE_HEADER } from '../http/hmac.js';
import type { Limits } from '../http/limits.js';
import { decodeBody, readBody } from '../http/readBody.js';
import type { SharedHmacCheck } from '../http/sharedReplays.js';
import type { Intake, IntakeReceipt } from '../intake.js';

/** Where S3 notifications are sent to. */
export const EVENTS_PATH = '/v1/events/s3';

export interface WebhookOptions {
  /** Bearer tokens; without them and without `hmac` only callers of this machine are let in. */
  readonly tokens: readonly string[];
  readonly hmac?: SharedHmacCheck;
  readonly limits: Limits;
  readonly intake: Intake;
  readonly logger: Logger;
}

/**
 * Takes in a request of `POST /v1/events/s3`: who it is from is known before its body is parsed. Resolves once the ledger has committed
 * the arrivals. Throws EVENT_DENIED, EVENT_SIGNATURE, EVENT_EXPIRED, EVENT_REPLAYED, RATE_LIMITED, INTAKE_BUSY, the faults of the body,
 * LEDGER_AWAY.
 */
export function openWebhook(options: WebhookOptions): (request: IncomingMessage) => Promise<IntakeReceipt> {
  const { limits, intake, logger } = options;
  const identify = openIdentify(options);
  return async (request) => {
    limits.requireRoom();
    const sender = identify(request);
    if (sender === undefined) return limits.refuse(request, new SluiceError('EVENT_DENIED', 'expected a known sender'));
    if (sender !== 'signed') limits.count(sender);
    const body = await readBody(request);
    const signed = sender === 'signed' ? await checkSignature(options, request, body) : undefined;
    return settling(signed, () => takeEvents({ intake, logger }, parseEvents(decodeBody(body))));
  };
}

/** The sender's name, `signed` when its body must be read to know it, undefined for nobody known. */
function openIdentify({ tokens, hmac }: WebhookOptions): (request: IncomingMessage) => string | undefined {
  const byToken = openTokenCheck(tokens);
  const isOpen = tokens.length === 0 && hmac === undefined;
  return (request) => {
    if (isOpen) return isOwnMachine(request) ? 'this machine' : undefined;
    return (
      byToken(request) ?? (hmac !== undefined && request.headers[SIGNATURE_HEADER] !== undefined ? 'signed' : undefined)
    );
  };
}

async function checkSignature(
  { hmac, limits }: WebhookOptions,
  request: IncomingMessage,
  body: Buffer,
): Promise<SignedRequest | undefined> {
  try {
    const signed = await hmac?.(String(request.headers[SIGNATURE_HEADER]), body);
    if (signed !== undefined) limits.count(signed.sender);
    return signed;
  } catch (error) {
    return limits.refuse(request, error);
  }
}

/** Does the work and tells the signature how it ended. */
async function settling<T>(signed: SignedRequest | undefined, work: () => Promise<T>): Promise<T> {
  try {
    const answer = await work();
    signed?.settle(true);
    return answer;
  } catch (error) {
    signed?.settle(false);
    throw error;
  }
}

/** Takes parsed events in; a fault of theirs is thrown. */
export async function takeEvents(
  { intake, logger }: Pick<WebhookOptions, 'intake' | 'logger'>,
  events: ParsedEvents,
  source = 'webhook',
): Promise<IntakeReceipt> {
  switch (events.kind) {
    case 'fault':
      throw new SluiceError(events.code, events.message);
    case 'test':
      logger.info({ source }, 'the store sent its test event: notifications are switched on');
      return { accepted: 0, duplicates: 0, ignored: 0 };
    case 'arrivals':
      return intake({ source, arrivals: events.arrivals, ignored: events.ignored });
  }
}
