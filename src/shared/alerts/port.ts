import type { AlertKind } from '../ledger/watchRecords.js';

/** An alert in words. */
export interface AlertMessage {
  /** Kind, dataset and name: the same for the same trouble. */
  readonly key: string;
  readonly kind: AlertKind;
  readonly dataset: string;
  /** One line: what is wrong, where. */
  readonly title: string;
  /** What was found, one fact a line. */
  readonly details: readonly string[];
  /** What to do about it. */
  readonly mend: string;
  /** A page of the console. */
  readonly link: string;
  /** How often it came since the receiver was told last. */
  readonly news: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

/** One who is told. */
export interface AlertSink {
  readonly name: string;
  readonly kinds: readonly AlertKind[];
  readonly remindMs: number;
  /** Delivers or throws ALERT_NOT_DELIVERED; may be called again with what was delivered. */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
}
