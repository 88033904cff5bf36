import type { CatalogueEntry } from './entry.js';

/** Errors of the engine. */
export const ENGINE_ERRORS = {
  ENGINE_DIED: {
    retry: 'backoff',
    exit: 1,
    mend: 'The engine process ended (crash or out of memory); the step is tried again.',
  },
  ENGINE_QUERY: { retry: 'never', exit: 1, mend: 'The engine refused the statement; see the reason.' },
  ENGINE_MEMORY: { retry: 'backoff', exit: 1, mend: 'Raise the engine memory limit or lower batch.targetBytes.' },
  ENGINE_TIMEOUT: {
    retry: 'backoff',
    exit: 1,
    mend: 'A statement took far longer than its data should; lower batch.targetBytes, or look at the object that the reason names.',
  },
  SCRATCH_FULL: { retry: 'backoff', exit: 1, mend: 'Free disk under the scratch folder, or lower the concurrency.' },
} as const satisfies Record<string, CatalogueEntry>;
