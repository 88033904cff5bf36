import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, SluiceError, toSluiceError } from '../../shared/errors.js';
import type { Logger } from '../../shared/telemetry/log.js';
import type { ParsedEvents } from '../events/arrival.js';
import { parseEvents } from '../events/parseEvents.js';
import type { Intake, IntakeReceipt } from '../intake.js';
import type { IntakeMetrics } from '../metrics.js';
import { openTokenCheck, type TokenCheck } from './bearer.js';
import { drainBody, readBody } from './readBody.js';

/** Where S3 notifications are sent to. */
export const EVENTS_PATH = '/v1/events/s3';

/** A body over this is refused. S3 sends at most 64 KB, SNS 256 KB. */
export const MAX_BODY_BYTES = 256 * 1024;

export interface WebhookOptions {
  /** Bearer tokens; none: only callers of this machine are let in. */
  readonly tokens: readonly string[];
  readonly intake: Intake;
  readonly metrics: IntakeMetrics;
  readonly logger: Logger;
}

export type WebhookHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The handler of `POST /v1/events/s3`. It answers 200 with `{accepted, duplicates, ignored}` once the ledger has committed the arrivals;
 * 400 naming the fault and its place, 401, 405, 413; 429 when more comes than the ledger takes, 503 with Retry-After while the ledger is away. An answer other than 200 means that
 * the same request may be sent again.
 */
export function openWebhook(options: WebhookOptions): WebhookHandler {
  const isAllowed = openTokenCheck(options.tokens);
  return async (request, response) => {
    const startedAt = performance.now();
    const status = await answer(options, isAllowed, request, response);
    options.metrics.observeRequest(status, (performance.now() - startedAt) / 1000);
  };
}

async function answer(
  options: WebhookOptions,
  isAllowed: TokenCheck,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  try {
    return sendJson(response, 200, await takeEvents(options, isAllowed, request));
  } catch (thrown) {
    if (request.destroyed && !request.complete) return HUNG_UP;
    const error = toSluiceError(thrown);
    const status = STATUS[error.code] ?? 500;
    if (status >= 500) options.logger.error({ code: error.code, error: error.message }, 'events were not taken');
    else options.metrics.countRejected('webhook');
    await drainBody(request);
    return sendError(response, status, error);
  }
}

async function takeEvents(
  { intake, metrics, logger }: WebhookOptions,
  isAllowed: TokenCheck,
  request: IncomingMessage,
): Promise<IntakeReceipt> {
  if (request.method !== 'POST') throw new SluiceError('REQUEST_UNKNOWN', `expected POST, got ${request.method}`);
  if (!isAllowed(request)) throw new SluiceError('EVENT_DENIED', 'expected a known bearer token');
  const events = await readEvents(request);
  if (events.kind === 'test') {
    logger.info({}, 'the store sent its test event: notifications are switched on');
    return { accepted: 0, duplicates: 0, ignored: 0 };
  }
  const receipt = await intake({ source: 'webhook', ...events });
  metrics.countReceipt('webhook', receipt);
  return receipt;
}

async function readEvents(request: IncomingMessage): Promise<Exclude<ParsedEvents, { kind: 'fault' }>> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new SluiceError('EVENT_MALFORMED', 'expected a body without content-encoding');
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body.kind === 'tooLarge')
    throw new SluiceError('EVENT_TOO_LARGE', `expected at most ${MAX_BODY_BYTES} bytes, got more`);
  if (body.kind === 'notText') throw new SluiceError('EVENT_MALFORMED', 'expected UTF-8, got other bytes');
  const events = parseEvents(body.text);
  if (events.kind === 'fault') throw new SluiceError(events.code, events.message);
  return events;
}

/** For the metrics: the sender ended the connection before its body ended, and gets no answer. */
const HUNG_UP = 499;

/** What is not here is a fault of ours: 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  EVENT_NOT_JSON: 400,
  EVENT_MALFORMED: 400,
  EVENT_KEY: 400,
  EVENT_TOO_MANY: 413,
  EVENT_UNKNOWN: 400,
  EVENT_DENIED: 401,
  REQUEST_UNKNOWN: 405,
  EVENT_TOO_LARGE: 413,
  INTAKE_BUSY: 429,
  LEDGER_AWAY: 503,
};

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  405: { allow: 'POST' },
  429: { 'retry-after': '1' },
  503: { 'retry-after': '5' },
};

function sendError(response: ServerResponse, status: number, error: SluiceError): number {
  for (const [name, value] of Object.entries(HEADERS[status] ?? {})) response.setHeader(name, value);
  // What was not read of the body is in the way of the next request on this connection.
  response.setHeader('connection', 'close');
  const message = status === 500 ? 'an unexpected fault; the log has it' : error.message;
  return sendJson(response, status, { error: { code: error.code, message, mend: error.mend } });
}

function sendJson(response: ServerResponse, status: number, body: object): number {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
  return status;
}
