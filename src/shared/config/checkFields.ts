import { z } from 'zod';

/**
 * What happens when a check fails: `hold` keeps the batch back from its loads, `warn` only says so, `quarantine` sets the rows that
 * break the rule aside and lets the others go on.
 */
export const ON_FAIL = ['hold', 'warn', 'quarantine'] as const;
export type OnFail = (typeof ON_FAIL)[number];

/** ODCS v3.1 operators that take one number (or, for freshness, one duration). */
export const SCALAR_OPERATORS = [
  'mustBe',
  'mustNotBe',
  'mustBeGreaterThan',
  'mustBeGreaterOrEqualTo',
  'mustBeLessThan',
  'mustBeLessOrEqualTo',
] as const;
/** ODCS v3.1 operators that take two numbers; both ends belong to the range. */
export const RANGE_OPERATORS = ['mustBeBetween', 'mustNotBeBetween'] as const;
export const OPERATORS = [...SCALAR_OPERATORS, ...RANGE_OPERATORS] as const;
export type Operator = (typeof OPERATORS)[number];

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** Milliseconds of a duration such as `90s`, `24h` or `7d`; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNIT_MS[unit];
  return factor === undefined ? undefined : Number(count) * factor;
}

/** A schema's fault in one line: `expected ..., got ...`, with the place inside where there is one. */
export function expected(what: string): {
  error: (issue: { code?: string; input?: unknown; keys?: unknown }) => string;
} {
  return {
    error: ({ code, input, keys }) =>
      code === 'unrecognized_keys' ? `expected no key ${show(keys)} here` : `expected ${what}, got ${show(input)}`,
  };
}

/** A value as a fault message shows it: short, on one line. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const duration = z.string().regex(DURATION, expected('a number, or a duration such as 24h for freshness'));
const numberOrDuration = z.union([z.number(), duration], expected('a number, or a duration such as 24h for freshness'));
const pair = z.tuple([numberOrDuration, numberOrDuration], expected('two numbers in brackets such as [1, 100]'));
/** One literal of the configuration that is compared with a column. */
export const literal = z.union([z.string(), z.number(), z.boolean()], expected('a text, number or boolean'));
export const literals = z.array(literal, expected('a list of values')).min(1, expected('at least one value'));
export const names = z
  .array(z.string().min(1), expected('a list of column names'))
  .min(1, expected('at least one column'));
export const count = z.int(expected('a whole number')).min(0, expected('0 or more'));
export const text = z.string(expected('a text')).min(1, expected('a text that is not empty'));
export const yes = z.literal(true, expected('true'));

/** `pattern` as RE2 would read most of it; the engine has the last word. */
export const pattern = text;

const onFail = z.enum(ON_FAIL, {
  error: (issue) => `expected hold, warn or quarantine, got ${show(issue.input)}`,
});

/** The fields that every check may carry. */
export const commonFields = {
  /** How the check is called in reports; the default is made of its column and kind. */
  name: text.optional(),
  onFail: onFail.optional(),
  /** Warn above this many failing rows (or percent of the tested rows; for freshness above this age). */
  warn: numberOrDuration.optional(),
  /** Fail above this many. Row rules without `warn` and `fail` fail above 0. */
  fail: numberOrDuration.optional(),
  unit: z.enum(['rows', 'percent'], expected('rows or percent')).optional(),
};

/** The operators of ODCS v3.1, each optional; a check uses at most one. */
export const operatorFields = {
  mustBe: numberOrDuration.optional(),
  mustNotBe: numberOrDuration.optional(),
  mustBeGreaterThan: numberOrDuration.optional(),
  mustBeGreaterOrEqualTo: numberOrDuration.optional(),
  mustBeLessThan: numberOrDuration.optional(),
  mustBeLessOrEqualTo: numberOrDuration.optional(),
  mustBeBetween: pair.optional(),
  mustNotBeBetween: pair.optional(),
};
