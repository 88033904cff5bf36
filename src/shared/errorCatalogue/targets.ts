import type { CatalogueEntry } from './entry.js';

/** Errors of warehouse targets and loads. */
export const TARGET_ERRORS = {
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
  TARGET_FULL: {
    retry: 'backoff',
    exit: 3,
    mend: 'The disk of the target is full; free space or make it larger. Nothing was changed, and the load is tried again.',
  },
  KEY_MISSING: {
    retry: 'never',
    exit: 1,
    mend: 'Every row of an upsert needs its key; set rows without it aside (check `required`, onFail: quarantine) or mend the producer.',
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
  CONTENT_MISMATCH: {
    retry: 'backoff',
    exit: 1,
    mend: 'An artifact read back does not hold the values that were read; nothing was committed, and the batch is compacted again. If it stays so, check memory and the scratch disk, and report this with the batch id.',
  },
} as const satisfies Record<string, CatalogueEntry>;
