import type { CatalogueEntry } from './entry.js';

/** Errors of configuration and usage. */
export const CONFIGURATION_ERRORS = {
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
} as const satisfies Record<string, CatalogueEntry>;
