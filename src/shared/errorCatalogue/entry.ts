/** What a failure asks of whoever catches it: try again later, never again, or wait without counting an attempt. */
export type RetryPolicy = 'never' | 'backoff' | 'snooze';

/** What the catalogue says of one error code. */
export interface CatalogueEntry {
  readonly retry: RetryPolicy;
  /** Exit status of the command line when this error ends a command (CONTRACT: 1 found a fault, 2 usage, 3 service away). */
  readonly exit: 1 | 2 | 3;
  /** What the reader should do about it, one sentence. */
  readonly mend: string;
}
