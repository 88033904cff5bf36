import type { CatalogueEntry } from './entry.js';

/** Errors of the console: who may look, who may act. */
export const CONSOLE_ERRORS = {
  CONSOLE_SIGN_IN: {
    retry: 'never',
    exit: 1,
    mend: 'Sign in at /sign-in, or send a bearer token of console.auth.tokens.',
  },
  CONSOLE_DENIED: { retry: 'never', exit: 1, mend: 'Ask an operator, or be named as one in console.auth.' },
  CONSOLE_CSRF: {
    retry: 'never',
    exit: 1,
    mend: 'Open the page anew and try again; another site cannot act in your name.',
  },
} as const satisfies Record<string, CatalogueEntry>;
