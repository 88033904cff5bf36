import { OPERATORS, durationMs } from '../config/checkFields.js';
import type { Operator } from '../config/checkFields.js';
import type { CheckVerdict } from '../findings/check.js';

/** What a measured figure is held against. Percent is of the judged rows; durations are milliseconds. */
export interface Bound {
  readonly unit: 'rows' | 'percent';
  /** For people; empty where any failing row fails the check. */
  readonly text: string;
  readonly rule:
    | { readonly kind: 'levels'; readonly warn?: number; readonly fail?: number }
    | { readonly kind: 'operator'; readonly operator: Operator; readonly values: readonly number[] };
}

type Written = number | string;
type Bounded = { readonly [O in Operator]?: Written | readonly [Written, Written] | undefined } & {
  readonly unit?: 'rows' | 'percent' | undefined;
  readonly warn?: Written | undefined;
  readonly fail?: Written | undefined;
};

/** The bound that a check is written with: its operator, its levels, or else no failing row at all. */
export function boundOf(check: Bounded): Bound {
  const unit = check.unit ?? 'rows';
  const sign = unit === 'percent' ? '%' : '';
  for (const operator of OPERATORS) {
    const written = check[operator];
    if (written === undefined) continue;
    const values = typeof written === 'object' ? written : [written];
    const text = `${operator} ${values.map((value) => `${value}${sign}`).join(' and ')}`;
    return { unit, text, rule: { kind: 'operator', operator, values: values.map(sizeOf) } };
  }
  if (check.warn === undefined && check.fail === undefined)
    return { unit, text: '', rule: { kind: 'levels', fail: 0 } };
  const levels = (['warn', 'fail'] as const).flatMap((level) => {
    const written = check[level];
    return written === undefined ? [] : [{ level, size: sizeOf(written), text: `${level} above ${written}${sign}` }];
  });
  return {
    unit,
    text: levels.map(({ text }) => text).join(', '),
    rule: { kind: 'levels', ...Object.fromEntries(levels.map(({ level, size }) => [level, size])) },
  };
}

/** The verdict on a figure. An operator knows only pass and fail. NaN is within no bound. */
export function judge(bound: Bound, figure: number): CheckVerdict {
  const { rule } = bound;
  if (Number.isNaN(figure)) return worstOf(bound);
  if (rule.kind === 'operator') return holds(rule.operator, rule.values, figure) ? 'pass' : 'fail';
  if (rule.fail !== undefined && figure > rule.fail) return 'fail';
  return rule.warn !== undefined && figure > rule.warn ? 'warn' : 'pass';
}

/** The worst that the bound can say: what a check says that cannot be evaluated. */
export function worstOf({ rule }: Bound): CheckVerdict {
  return rule.kind === 'operator' || rule.fail !== undefined ? 'fail' : 'warn';
}

function holds(operator: Operator, [first = 0, second = first]: readonly number[], figure: number): boolean {
  const held: Readonly<Record<Operator, boolean>> = {
    mustBe: figure === first,
    mustNotBe: figure !== first,
    mustBeGreaterThan: figure > first,
    mustBeGreaterOrEqualTo: figure >= first,
    mustBeLessThan: figure < first,
    mustBeLessOrEqualTo: figure <= first,
    mustBeBetween: first <= figure && figure <= second,
    mustNotBeBetween: figure < first || second < figure,
  };
  return held[operator];
}

function sizeOf(written: Written): number {
  return typeof written === 'number' ? written : (durationMs(written) ?? Number.NaN);
}
