import type { CatalogueEntry } from './entry.js';

/** Errors of services that are away. */
export const SERVICE_ERRORS = {
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
  PORT_TAKEN: {
    retry: 'never',
    exit: 3,
    mend: 'Another process listens there, often a `sluice up` that still runs: end it, or set another intake.port, console.port or worker.port (0: any free one).',
  },
  SERVICE_NOT_STARTED: {
    retry: 'never',
    exit: 3,
    mend: 'Read the quoted log of the embedded service; give its URL in the configuration instead.',
  },
  ALERT_NOT_DELIVERED: {
    retry: 'backoff',
    exit: 3,
    mend: 'Check the url or topic under alerts and the network; it is tried again for an hour and a half, and `sluice status` shows it.',
  },
} as const satisfies Record<string, CatalogueEntry>;
