/** What a failure asks of whoever catches it: try again later, never again, or wait without counting an attempt. */
export type RetryPolicy = 'never' | 'backoff' | 'snooze';

interface CatalogueEntry {
  readonly retry: RetryPolicy;
  /** Exit status of the command line when this error ends a command (CONTRACT: 1 found a fault, 2 usage, 3 service away). */
  readonly exit: 1 | 2 | 3;
  /** What the reader should do about it, one sentence. */
  readonly mend: string;
}

/** Every error that Sluice raises, by code. The code decides the retry; docs/errors.md is generated from here. */
export const ERROR_CATALOGUE = {
  // configuration and usage
  CONFIG_INVALID: {
    retry: 'never',
    exit: 2,
    mend: 'Mend the named lines of the configuration; `sluice validate` lists every fault.',
  },
  CONFIG_NOT_FOUND: {
    retry: 'never',
    exit: 2,
    mend: 'Create sluice.yaml here (`sluice init`) or name a file with --config.',
  },
  USAGE: { retry: 'never', exit: 2, mend: 'See --help of the command.' },
  // services
  LEDGER_AWAY: {
    retry: 'backoff',
    exit: 3,
    mend: 'Start Postgres or mend ledger.url; nothing was lost, the work is tried again.',
  },
  QUEUE_AWAY: {
    retry: 'backoff',
    exit: 3,
    mend: 'Start Redis or mend redis.url; the ledger keeps all unfinished work.',
  },
  STORE_AWAY: { retry: 'backoff', exit: 3, mend: 'Check the endpoint, credentials and network of the lake.' },
  STORE_DENIED: { retry: 'backoff', exit: 3, mend: 'Grant the named right on the bucket and key.' },
  TARGET_AWAY: {
    retry: 'backoff',
    exit: 3,
    mend: 'Start the target database or mend its url; the load is tried again.',
  },
  SERVICE_NOT_STARTED: {
    retry: 'never',
    exit: 3,
    mend: 'Read the quoted log of the embedded service; give its URL in the configuration instead.',
  },
  // objects
  OBJECT_MISSING: {
    retry: 'backoff',
    exit: 1,
    mend: 'The object is not in the store any more; put it back and replay, or discard it.',
  },
  OBJECT_CHANGED: {
    retry: 'never',
    exit: 1,
    mend: 'The key was overwritten since; the newer version is its own object.',
  },
  OBJECT_OVERWRITTEN: {
    retry: 'never',
    exit: 1,
    mend: 'Another version of the key has its rows already; set onOverwrite to replace or append and replay, release it as it is, or discard it.',
  },
  DUPLICATE_CONTENT: {
    retry: 'never',
    exit: 1,
    mend: 'The named object has the same bytes; release this one to load it all the same, or discard it.',
  },
  OBJECT_EXISTS: { retry: 'never', exit: 1, mend: 'Another writer put this key first; its bytes stand.' },
  OBJECT_EMPTY: { retry: 'never', exit: 1, mend: 'The object has zero bytes; ask its producer, or discard it.' },
  OBJECT_TRUNCATED: { retry: 'never', exit: 1, mend: 'The object ends before its format does; upload it again whole.' },
  OBJECT_CORRUPT: { retry: 'never', exit: 1, mend: 'The bytes are damaged; upload the object again.' },
  OBJECT_UNREADABLE: { retry: 'never', exit: 1, mend: 'The object cannot be read in its format; see the reason.' },
  FORMAT_UNSUPPORTED: { retry: 'never', exit: 1, mend: 'Deliver Parquet, CSV or NDJSON (plain or gzip).' },
  TYPE_CHANGED: {
    retry: 'never',
    exit: 1,
    mend: 'Mend the producer, or accept the change with `sluice schema accept`, then replay.',
  },
  COLUMN_MISMATCH: {
    retry: 'never',
    exit: 1,
    mend: 'The columns differ from the dataset schema; mend the producer, then replay.',
  },
  VALUE_INVALID: {
    retry: 'never',
    exit: 1,
    mend: 'A value does not fit its column; mend the named place, then replay.',
  },
  // engine
  ENGINE_DIED: {
    retry: 'backoff',
    exit: 1,
    mend: 'The engine process ended (crash or out of memory); the step is tried again.',
  },
  ENGINE_QUERY: { retry: 'never', exit: 1, mend: 'The engine refused the statement; see the reason.' },
  ENGINE_MEMORY: { retry: 'backoff', exit: 1, mend: 'Raise the engine memory limit or lower batch.targetBytes.' },
  SCRATCH_FULL: { retry: 'backoff', exit: 1, mend: 'Free disk under the scratch folder, or lower the concurrency.' },
  // targets
  TARGET_MISMATCH: {
    retry: 'never',
    exit: 1,
    mend: 'The target table has other columns or types than the batch; alter the table or the config.',
  },
  TARGET_DENIED: { retry: 'never', exit: 1, mend: 'Grant the named right to the loading role.' },
  TARGET_REFUSED: {
    retry: 'never',
    exit: 1,
    mend: 'The target refused the rows (constraint); see the reason, mend the data or the table.',
  },
  TARGET_BUSY: {
    retry: 'backoff',
    exit: 1,
    mend: 'The table was locked by someone else for too long; the load is tried again.',
  },
  LOAD_FENCED: {
    retry: 'backoff',
    exit: 1,
    mend: 'A newer attempt owns this load; nothing was changed by this one, and the load is tried again with higher attempts.',
  },
  COUNT_MISMATCH: {
    retry: 'never',
    exit: 1,
    mend: 'Rows in do not equal rows out; nothing was committed. Report this with the batch id.',
  },
  // leases and shutdown
  LEASE_LOST: { retry: 'snooze', exit: 1, mend: 'Another worker took the step over; its result stands.' },
  CUSTODY_MOVED: {
    retry: 'backoff',
    exit: 1,
    mend: 'Another batch settled a version or a copy of an object at the same moment; the step looks again.',
  },
  JOB_DEADLINE: {
    retry: 'backoff',
    exit: 1,
    mend: 'The step took too long; make its batches smaller (batch.targetBytes) or give the worker more.',
  },
  STEP_CRASHED: {
    retry: 'never',
    exit: 1,
    mend: 'Workers died in this step again and again (out of memory?); lower batch.targetBytes, then `sluice run` tries it again.',
  },
  HANDED_BACK: { retry: 'snooze', exit: 1, mend: 'The worker is shutting down; the step goes back to the queue.' },
  // intake
  EVENT_NOT_JSON: { retry: 'never', exit: 1, mend: 'Send the notification as JSON, whole and in UTF-8.' },
  EVENT_MALFORMED: { retry: 'never', exit: 1, mend: 'Send the S3 event notification JSON as documented.' },
  EVENT_KEY: {
    retry: 'never',
    exit: 1,
    mend: 'Send keys as S3 does: form-encoded UTF-8 of 1 to 1,024 bytes, without NUL.',
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
  // the end
  INTERNAL: { retry: 'backoff', exit: 1, mend: 'This is a fault of Sluice; please report it with the log.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** Facts that help the reader find the place: bucket, key, batch, file, expected, got. Never secrets, never row values. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** The one error class. Its message says: expected what, got what, where. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, options: { facts?: ErrorFacts; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.facts = options.facts ?? {};
  }

  get retry(): RetryPolicy {
    return ERROR_CATALOGUE[this.code].retry;
  }

  get exit(): 1 | 2 | 3 {
    return ERROR_CATALOGUE[this.code].exit;
  }

  get mend(): string {
    return ERROR_CATALOGUE[this.code].mend;
  }
}

/** True for a SluiceError, with this code when one is named. */
export function isSluiceError(error: unknown, code?: ErrorCode): error is SluiceError {
  return error instanceof SluiceError && (code === undefined || error.code === code);
}

/** Any thrown thing as a SluiceError; what is not one becomes INTERNAL with its cause kept. */
export function toSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  return new SluiceError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}

/** For the default branch of a switch over a union: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new SluiceError('INTERNAL', `expected no other case, got ${JSON.stringify(value)}`);
}
