import type { CatalogueEntry, RetryPolicy } from './errorCatalogue/entry.js';
import { CONFIGURATION_ERRORS } from './errorCatalogue/configuration.js';
import { CONSOLE_ERRORS } from './errorCatalogue/console.js';
import { ENGINE_ERRORS } from './errorCatalogue/engine.js';
import { INTAKE_ERRORS } from './errorCatalogue/intake.js';
import { OBJECT_ERRORS } from './errorCatalogue/objects.js';
import { SERVICE_ERRORS } from './errorCatalogue/services.js';
import { STEP_ERRORS } from './errorCatalogue/steps.js';
import { TARGET_ERRORS } from './errorCatalogue/targets.js';

export type { RetryPolicy };

/** Every error that Sluice raises, by code, in rooms. The code decides the retry; docs/errors.md is generated from here. */
export const ERROR_CATALOGUE = {
  ...CONFIGURATION_ERRORS,
  ...SERVICE_ERRORS,
  ...OBJECT_ERRORS,
  ...ENGINE_ERRORS,
  ...TARGET_ERRORS,
  ...STEP_ERRORS,
  ...INTAKE_ERRORS,
  ...CONSOLE_ERRORS,
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
