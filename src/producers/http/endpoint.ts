import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, SluiceError, toSluiceError } from '../../shared/errors.js';
import type { IntakeReceipt } from '../intake.js';
import type { IntakeMetrics } from '../metrics.js';
import { drainBody } from './readBody.js';
import type { RefusalLog } from './refusalLog.js';

export type EventHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface EndpointOptions {
  /** For the metrics and the log: `webhook`, `sns`. */
  readonly source: string;
  /** Takes one request in; what it throws decides the answer. */
  readonly take: (request: IncomingMessage) => Promise<IntakeReceipt>;
  readonly metrics: IntakeMetrics;
  readonly refusals: RefusalLog;
}

/** Seconds that a sender is asked to wait, where an error says so. */
const RETRY_AFTER_S: Readonly<Record<number, number>> = { 429: 1, 503: 5 };

/**
 * The handler of a path that takes events by POST. It answers 200 with what became of them once the ledger has committed; else with the
 * error's code and mend. An answer other than 200 means that nothing was recorded, and that the same request may be sent again.
 */
export function openEndpoint(options: EndpointOptions): EventHandler {
  return async (request, response) => {
    const startedAt = performance.now();
    const status = await answer(options, request, response);
    options.metrics.observeRequest(status, (performance.now() - startedAt) / 1000);
  };
}

async function answer(options: EndpointOptions, request: IncomingMessage, response: ServerResponse): Promise<number> {
  const { source, take, metrics, refusals } = options;
  try {
    if (request.method !== 'POST') throw new SluiceError('REQUEST_UNKNOWN', `expected POST, got ${request.method}`);
    const receipt = await take(request);
    metrics.countReceipt(source, receipt);
    return sendJson(response, 200, receipt);
  } catch (thrown) {
    if (request.destroyed && !request.complete) return HUNG_UP;
    const error = toSluiceError(thrown);
    const status = STATUS[error.code] ?? 500;
    refusals.tell(source, error, status >= 500);
    if (status < 500) metrics.countRejected(source);
    await drainBody(request);
    return sendError(response, status, error);
  }
}

/** For the metrics: the sender ended the connection before its body ended, and gets no answer. */
const HUNG_UP = 499;

/** What is not here is a fault of ours: 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  EVENT_NOT_JSON: 400,
  EVENT_MALFORMED: 400,
  EVENT_KEY: 400,
  EVENT_UNKNOWN: 400,
  SNS_SUBSCRIBE_URL: 400,
  EVENT_DENIED: 401,
  EVENT_SIGNATURE: 401,
  EVENT_EXPIRED: 401,
  SNS_TOPIC: 403,
  SNS_CERTIFICATE: 403,
  REQUEST_UNKNOWN: 405,
  EVENT_REPLAYED: 409,
  EVENT_TOO_LARGE: 413,
  EVENT_TOO_MANY: 413,
  RATE_LIMITED: 429,
  INTAKE_BUSY: 429,
  LEDGER_AWAY: 503,
  SNS_AWAY: 503,
};

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  405: { allow: 'POST' },
};

function sendError(response: ServerResponse, status: number, error: SluiceError): number {
  for (const [name, value] of Object.entries(HEADERS[status] ?? {})) response.setHeader(name, value);
  const retryAfterS = error.facts['retryAfterS'] ?? RETRY_AFTER_S[status];
  if (retryAfterS !== undefined) response.setHeader('retry-after', String(retryAfterS));
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
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  });
  response.end(text);
  return status;
}
