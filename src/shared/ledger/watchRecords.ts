import type { AnomalyAnswer } from '../findings/anomaly.js';
import type { Figure } from '../findings/figures.js';
import type { BatchId } from '../ids.js';
import type { Finding } from './records.js';

/** What one batch measured. */
export interface Point {
  readonly batch: BatchId;
  readonly dataset: string;
  /** When the batch was made. */
  readonly at: Date;
  readonly rows: number;
  readonly figures: readonly Figure[];
}

/** An unusual figure, as it is stored: reproducible from its own row. */
export interface AnomalyData extends AnomalyAnswer {
  /** The third figure or later on the same side in a row: the level itself may have moved. */
  readonly levelShift: boolean;
}

/** A figure that is unusual for its dataset. */
export interface NewAnomaly {
  readonly dataset: string;
  readonly metric: string;
  /** '' for a figure of the whole dataset. */
  readonly column: string;
  /** The batch, or the day (`2026-05-31`) for a figure of the clock. */
  readonly subject: string;
  readonly data: AnomalyData;
}

/** What a person said about an anomaly: `normal`: the new level, older points no longer count; `once`: seen, the level stays. */
export const ANOMALY_DECISIONS = ['normal', 'once'] as const;
export type AnomalyDecision = (typeof ANOMALY_DECISIONS)[number];

export interface Anomaly extends NewAnomaly {
  readonly id: string;
  readonly at: Date;
  readonly decided?: {
    readonly as: AnomalyDecision;
    readonly at: Date;
    readonly who: string;
    readonly why: string;
  };
}

/** A dataset's accepted points, the newest first, and its anomalies among them. */
export interface PointHistory {
  readonly points: readonly Point[];
  readonly anomalies: readonly Anomaly[];
}

/** Batches of one day (UTC). */
export interface ArrivalDay {
  /** `2026-05-31`. */
  readonly day: string;
  readonly objects: number;
  /** Longest time without a batch that began on this day and is over, in milliseconds; absent without one. */
  readonly longestGapMs?: number;
}

export type AnomalyAnswered =
  | { readonly kind: 'done'; readonly anomaly: Anomaly; readonly also: number }
  | { readonly kind: 'already'; readonly anomaly: Anomaly }
  | { readonly kind: 'unknown' };

/** What batches measured, what of it is unusual, and what people said to it. */
export interface AnomalyLedger {
  /** The newest `limit` accepted points (of batches that were not kept back, or were released), and every anomaly since the oldest of them. */
  history(dataset: string, limit: number): Promise<PointHistory>;
  /** Stores a batch's point with what is unusual, and raises its alerts, in one transaction; false, changing nothing, when it has one. */
  notePoint(point: Point, anomalies: readonly NewAnomaly[]): Promise<boolean>;
  /** Stores unusual figures of the clock that are not known yet; returns how many. */
  noteAnomalies(anomalies: readonly NewAnomaly[]): Promise<number>;
  /** Keeps findings about a batch's whole dataset with it, in place of older ones of their names; false when the batch is gone. */
  noteDatasetFindings(batch: BatchId, findings: readonly Finding[]): Promise<boolean>;
  /** The newest first. */
  list(filter: { dataset?: string; open?: boolean; limit: number }): Promise<readonly Anomaly[]>;
  /** Takes a person's word, once. As `normal`, later open anomalies of the same figure are accepted with it (`also`). */
  acknowledge(request: { id: string; as: AnomalyDecision; who: string; why: string }): Promise<AnomalyAnswered>;
  /** Batches of the dataset that are judged, held or empty and have no point, the newest first. */
  unobserved(dataset: string, limit: number): Promise<readonly BatchId[]>;
  /** Batches by day, from the day of the first to today, at most `days`; and how long ago the last one was made. */
  arrivalDays(
    dataset: string,
    days: number,
  ): Promise<{
    readonly days: readonly ArrivalDay[];
    readonly today: string;
    readonly quietMs?: number;
    readonly lastDay?: string;
  }>;
}

/** What people can be told about. */
export const ALERT_KINDS = ['check', 'hold', 'anomaly', 'quarantine', 'audit', 'budget'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** Facts that an alert's text is made of. No row values, no secrets. */
export type AlertFacts = Readonly<Record<string, string | number | boolean>>;

/** Something that went wrong. Kind, dataset and name are its key: the same again is counted, not told anew at once. */
export interface NewAlert {
  readonly kind: AlertKind;
  readonly dataset: string;
  readonly name: string;
  readonly facts: AlertFacts;
}

export interface Alert extends NewAlert {
  readonly key: string;
  /** How often it was raised. */
  readonly times: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** A receiver, as the outbox knows it. */
export interface AlertReceiver {
  readonly sink: string;
  readonly kinds: readonly AlertKind[];
  readonly remindMs: number;
}

/** An alert on its way to one receiver. */
export interface AlertDelivery {
  readonly alert: Alert;
  readonly sink: string;
  /** How often it was raised since this receiver was told. */
  readonly news: number;
  /** This one included. */
  readonly attempt: number;
}

/** A delivery that failed so far, or that was given up. */
export interface AlertTrouble {
  readonly key: string;
  readonly sink: string;
  readonly attempts: number;
  readonly gaveUp: boolean;
  readonly error: string;
}

/** The outbox of alerts: raised with their cause, delivered at least once to each receiver. */
export interface AlertLedger {
  /** Raises alerts by themselves; most are raised in the transaction of their cause. */
  raise(alerts: readonly NewAlert[]): Promise<void>;
  /** Leases what is due to these receivers: news of kinds they want, not told within the reminder's time. A receiver that is new is told what was raised in the last day. */
  takeDue(receivers: readonly AlertReceiver[], leaseMs: number, limit: number): Promise<readonly AlertDelivery[]>;
  /** The receiver has it. */
  told(delivery: AlertDelivery): Promise<void>;
  /** It has not: again after `retryMs`, or given up until the reminder's time when undefined. */
  notTold(delivery: AlertDelivery, error: string, retryMs: number | undefined): Promise<void>;
  /** Deliveries to these receivers that failed so far, and those that were given up. */
  troubles(sinks: readonly string[]): Promise<readonly AlertTrouble[]>;
  /** What was raised, the newest first. */
  recent(limit: number): Promise<readonly Alert[]>;
}
