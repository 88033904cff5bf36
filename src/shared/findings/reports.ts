/** A number where JSON holds it exactly; integers beyond 2^53 and decimals beyond 15 digits as text; infinities as `Infinity`, `-Infinity`. */
export type Scalar = number | string | boolean;

export const QUANTILES = { p1: 0.01, p5: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 } as const;
export type QuantileName = keyof typeof QUANTILES;

/** One bar: rows with a value above `from` (the first bar: from it on) up to `to`, both as numbers. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** What is found about one column. A field that has no sense for the type, or no value to rest on, is absent. */
export interface ColumnProfile {
  readonly name: string;
  /** The DuckDB type as text. */
  readonly type: string;
  readonly nulls: number;
  /** 0 to 1; 0 when there are no rows. */
  readonly nullFraction: number;
  /** Distinct values that are not NULL. */
  readonly distinct?: number;
  readonly distinctMethod?: 'exact' | 'approximate';
  /** Standard error of an approximate `distinct`, as a fraction of it. */
  readonly distinctError?: number;
  /** Of floats: the smallest that is no NaN. Of text: by code point, cut to 200 characters. */
  readonly min?: Scalar;
  readonly max?: Scalar;
  /** Of the finite values. */
  readonly mean?: Scalar;
  /** Of the finite values of a sample (n - 1); absent for fewer than two. */
  readonly stddev?: Scalar;
  /** Each is a value of the column (no interpolation), finite for floats. */
  readonly quantiles?: Readonly<Record<QuantileName, Scalar>>;
  /** Characters of text, bytes of a blob, elements of a list or map. */
  readonly lengths?: { readonly min: number; readonly max: number; readonly mean: number };
  /** The ten most frequent values with exact counts; absent where there are too many distinct values to count them. */
  readonly top?: readonly { readonly value: Scalar; readonly rows: number }[];
  /** Floats only: NaN values, which are counted nowhere else but in `distinct` and `top`. */
  readonly nan?: number;
  /** Floats only: infinities of both signs. */
  readonly infinite?: number;
  /** Numbers only, of the finite values; 20 bars of equal width, one bar when all values are the same. */
  readonly histogram?: readonly HistogramBin[];
}

/** The one-pass profile of a batch. */
export interface ProfileReport {
  readonly rows: number;
  /** Bytes of the files that were profiled; absent when the caller did not say. */
  readonly bytes?: number;
  readonly columns: readonly ColumnProfile[];
  /** Present when quantiles and histograms rest on a random sample of the rows; histogram rows are then scaled up. */
  readonly sample?: {
    readonly rows: number;
    /** Of all rows, 0 to 1. */
    readonly fraction: number;
    /** A sampled quantile's true rank differs by at most this much in 95 of 100 runs (1/sqrt(rows)). */
    readonly rankError: number;
  };
  readonly seconds: number;
}
