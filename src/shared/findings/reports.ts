/** A number where JSON holds it exactly; integers beyond 2^53 and decimals beyond 15 digits as text; infinities as `Infinity`, `-Infinity`. */
export type Scalar = number | string | boolean;

export const QUANTILES = { p1: 0.01, p5: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 } as const;
/** Formats that texts may have, as patterns (RE2) of the whole text. The names are those that checks take. */
export const FORMATS = {
  integer: '[+-]?\\d{1,18}',
  number: '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?',
  date: '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])',
  timestamp:
    '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?(Z|[+-]\\d{2}(:?\\d{2})?)?',
  uuid: '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}',
  email: '[^@\\s]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+',
  ipv4: '((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)',
  url: '[a-zA-Z][a-zA-Z0-9+.-]*://[^\\s/?#]+[^\\s]*',
} as const;
export type FormatName = keyof typeof FORMATS;

/** Days that often stand for no day. */
export const SENTINEL_DAYS = ['0001-01-01', '1900-01-01', '1970-01-01', '9999-12-31'] as const;

export type QuantileName = keyof typeof QUANTILES;

/** One bar: rows with a value above `from` (the first bar: from it on) up to `to`, both as numbers. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** What is found about one column. A field that has no sense for the type, or no value to rest on, is absent. */
export interface ColumnProfile {
  /** The column; of what is within it as `address.city`, `items[].price`, `attributes{key}` or `attributes{value}`. */
  readonly name: string;
  /** Of what is within a nested column: the names that lead to it, `[]` for the elements of a list, `{key}` and `{value}` for those of a map. */
  readonly path?: readonly string[];
  /** The DuckDB type as text. */
  readonly type: string;
  /** Of what is within lists and maps: how many elements there are in all rows; all other figures are of these, and their `rows` are elements. */
  readonly elements?: number;
  readonly nulls: number;
  /** 0 to 1; 0 when there are no rows, or elements. */
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
  /** Text only. */
  readonly patterns?: PatternProfile;
  /** Dates and timestamps only: rows on days that often stand for none; absent when there are none. */
  readonly sentinels?: readonly { readonly value: string; readonly rows: number }[];
  /** Floats only: NaN values, which are counted nowhere else but in `distinct` and `top`. */
  readonly nan?: number;
  /** Floats only: infinities of both signs. */
  readonly infinite?: number;
  /** Numbers only, of the finite values; 20 bars of equal width, one bar when all values are the same. */
  readonly histogram?: readonly HistogramBin[];
}

/** What the texts of a column look like, from some of its values. */
export interface PatternProfile {
  /** Values looked at: distinct ones, at most 2,000. */
  readonly values: number;
  /** Rows that they stand for. */
  readonly rows: number;
  /** The five most frequent: letters as a or A, digits as 9; of the first 60 characters. */
  readonly top: readonly { readonly pattern: string; readonly rows: number }[];
  /** The narrowest format that all of them have. */
  readonly format?: FormatName;
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
