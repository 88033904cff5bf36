import type { CatalogueEntry } from './entry.js';

/** Errors of intake: notifications and their senders. */
export const INTAKE_ERRORS = {
  EVENT_NOT_JSON: { retry: 'never', exit: 1, mend: 'Send the notification as JSON, whole and in UTF-8.' },
  EVENT_MALFORMED: { retry: 'never', exit: 1, mend: 'Send the S3 event notification JSON as documented.' },
  EVENT_KEY: {
    retry: 'never',
    exit: 1,
    mend: 'Send keys as S3 does: form-encoded UTF-8 of 1 to 1,024 bytes, without NUL; of a folder, those of files inside it.',
  },
  EVENT_TOO_MANY: { retry: 'never', exit: 1, mend: 'Send at most 10,000 records a request.' },
  EVENT_UNKNOWN: { retry: 'never', exit: 1, mend: 'This is no notification that Sluice knows; check the sender.' },
  EVENT_DENIED: {
    retry: 'never',
    exit: 1,
    mend: 'Send `Authorization: Bearer TOKEN` with a token of intake.webhook.tokens; without tokens only this machine may send.',
  },
  INTAKE_BUSY: {
    retry: 'backoff',
    exit: 3,
    mend: 'Send the same events again when Retry-After says; the ledger is slower than they come, or more is pending than intake.backpressure allows.',
  },
  EVENT_TOO_LARGE: { retry: 'never', exit: 1, mend: 'Send at most 256 KB a request.' },
  EVENT_SIGNATURE: {
    retry: 'never',
    exit: 1,
    mend: 'The signature does not fit the body; sign the bytes that are sent, with a secret of intake.webhook.hmac.secrets.',
  },
  EVENT_EXPIRED: { retry: 'never', exit: 1, mend: 'Sign with the time of sending, and set the clock of the sender.' },
  EVENT_REPLAYED: { retry: 'never', exit: 1, mend: 'This signed request was taken before; sign each request anew.' },
  SNS_TOPIC: { retry: 'never', exit: 1, mend: 'Name the topic under intake.webhook.sns.topics, or unsubscribe it.' },
  SNS_CERTIFICATE: {
    retry: 'never',
    exit: 1,
    mend: 'Signing certificates are taken from sns.REGION.amazonaws.com of the topic’s region only; this message is not from SNS.',
  },
  SNS_SUBSCRIBE_URL: {
    retry: 'never',
    exit: 1,
    mend: 'The confirmation leads elsewhere than to SNS; it is not followed.',
  },
  SNS_AWAY: {
    retry: 'backoff',
    exit: 3,
    mend: 'SNS did not answer; let intake reach sns.REGION.amazonaws.com by HTTPS.',
  },
  SQS_AWAY: {
    retry: 'backoff',
    exit: 3,
    mend: 'Check intake.sqs, its credentials and the network; messages stay in the queue.',
  },
  RATE_LIMITED: {
    retry: 'backoff',
    exit: 1,
    mend: 'Send slower, more records a request, or raise intake.webhook.rateLimit.',
  },
  REQUEST_UNKNOWN: { retry: 'never', exit: 2, mend: 'Send events with POST to /v1/events/s3.' },
} as const satisfies Record<string, CatalogueEntry>;
