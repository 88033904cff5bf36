/** How a check ended. */
export type CheckVerdict = 'pass' | 'warn' | 'fail';

/** One row that breaks a rule. */
export interface FailingRow {
  /** Id of the object that the row came from; absent where the source does not say. */
  readonly object?: string;
  /** The row's place in its object, from 0. */
  readonly row?: number;
  /** The value, masked: its first character and its length, `J…(12)`; null for NULL. Of an expression: `column=value` for each column it names. */
  readonly value: string | null;
  /** Of `unique`: how many rows have this value. */
  readonly rows?: number;
}

export interface CheckResult {
  /** Stays the same when thresholds change. */
  readonly name: string;
  /** Absent for a check of the whole table. */
  readonly column?: string;
  readonly verdict: CheckVerdict;
  /** What was asked for, for people. */
  readonly expected: string;
  /** What was measured: rows or percent; for freshness the age such as `26.5h`; null where it could not be measured. */
  readonly actual: number | string | null;
  /** Rows that break the rule; of `unique`, the rows that repeat an earlier one. Absent for rowCount and freshness. */
  readonly failingRows?: number;
  /** At most 20 of them. */
  readonly sample: readonly FailingRow[];
  /** Rows that were not judged because a value is NULL. */
  readonly skippedNulls?: number;
  /** Why the check could not be evaluated (it has then failed, or warned where it only warns). */
  readonly reason?: string;
}

/** The verdict about a batch: the worst of its checks. */
export interface CheckReport {
  readonly verdict: CheckVerdict;
  /** Whether the batch must be kept back from its loads. */
  readonly hold: boolean;
  readonly rows: number;
  readonly checks: readonly CheckResult[];
}
