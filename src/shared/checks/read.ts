import { countOf, numberOf, textOf } from '../findings/values.js';
import { WARM, median } from '../findings/anomaly.js';
import { judge, worstOf } from './bounds.js';
import type { EngineRow } from '../engine/port.js';
import type { CheckReport, CheckResult, CheckVerdict, FailingRow } from '../findings/check.js';
import type { Bound } from './bounds.js';
import type { PlannedCheck } from './plan.js';

/** What was measured for a check. */
export type Figure =
  | {
      readonly kind: 'rows';
      readonly failing: number;
      readonly skipped: number;
      readonly sample: readonly FailingRow[];
    }
  | { readonly kind: 'count'; readonly rows: number }
  /** Undefined when there was no value. */
  | { readonly kind: 'number'; readonly value: number | undefined }
  | { readonly kind: 'schema'; readonly differences: readonly string[] }
  /** Age of the newest value in milliseconds; undefined when there is none. `ahead`: values too far ahead of the clock to be news. */
  | { readonly kind: 'age'; readonly ms: number | undefined; readonly ahead: number }
  /** Rows of a file on average, and the same of earlier batches. */
  | { readonly kind: 'change'; readonly rows: number; readonly past: readonly number[] }
  | { readonly kind: 'fault'; readonly reason: string };

/** The result of one check. */
export function readResult(check: PlannedCheck, figure: Figure, rows: number): CheckResult {
  const { name, column, expected, bound } = check;
  const head = { name, ...(column === undefined ? {} : { column }), expected };
  const verdictOf = (verdict: CheckVerdict): CheckVerdict =>
    verdict === 'fail' && check.onFail === 'warn' ? 'warn' : verdict;
  switch (figure.kind) {
    case 'fault': {
      const { reason } = figure;
      return { ...head, verdict: verdictOf(worstOf(bound)), actual: null, sample: [], reason };
    }
    case 'count':
      return { ...head, verdict: verdictOf(judge(bound, rows)), actual: rows, sample: [] };
    case 'number': {
      const { value } = figure;
      if (value === undefined)
        return { ...head, verdict: verdictOf(worstOf(bound)), actual: null, sample: [], reason: 'there is no value' };
      const actual = Number.isFinite(value) ? Number(value.toPrecision(15)) : String(value);
      return { ...head, verdict: verdictOf(judge(bound, value)), actual, sample: [] };
    }
    case 'change':
      return { ...head, ...readChange(figure, (percent) => verdictOf(judge(bound, percent))), sample: [] };
    case 'schema': {
      const { differences } = figure;
      const verdict = verdictOf(judge(bound, differences.length));
      const reason = differences.length === 0 ? {} : { reason: differences.slice(0, 20).join('; ') };
      return { ...head, verdict, actual: differences.length, sample: [], ...reason };
    }
    case 'age': {
      const { ms, ahead } = figure;
      const beyond = ahead === 0 ? [] : [`${ahead} values lie more than a day ahead of now and do not count`];
      const reason = [...(ms === undefined && ahead === 0 ? ['no row has a value'] : []), ...beyond].join('');
      const verdict = ms === undefined ? worstOf(bound) : judge(bound, ms);
      const actual = ms === undefined ? null : `${Math.round(ms / 36e4) / 10}h`;
      return { ...head, verdict: verdictOf(verdict), actual, sample: [], ...(reason === '' ? {} : { reason }) };
    }
    default: {
      const { failing, skipped, sample } = figure;
      const measured = measure(bound, failing, rows - skipped);
      const actual = Math.round(measured * 1e4) / 1e4;
      return {
        ...head,
        verdict: verdictOf(judge(bound, measured)),
        actual,
        failingRows: failing,
        sample,
        skippedNulls: skipped,
      };
    }
  }
}

/** How far off the median, in percent of it; it passes while too few batches are known. */
function readChange(
  { rows, past }: Extract<Figure, { kind: 'change' }>,
  verdictOf: (percent: number) => CheckVerdict,
): Pick<CheckResult, 'verdict' | 'actual' | 'reason'> {
  if (past.length < WARM)
    return {
      verdict: 'pass',
      actual: null,
      reason: `warming up: ${past.length} of ${WARM} earlier batches are known`,
    };
  const usual = median(past);
  const percent = Math.round((1e4 * Math.abs(rows - usual)) / Math.max(usual, 1)) / 100;
  const [now, then] = [rows, usual].map((count) => String(Math.round(count * 10) / 10));
  const reason = `${now} rows a file, median ${then} of ${past.length} batches`;
  return { verdict: verdictOf(percent), actual: percent, reason };
}

/** The verdict of all checks: the worst. Only a failed check holds; one that only warns has warned. */
export function readReport(checks: readonly CheckResult[], rows: number): CheckReport {
  const verdicts = new Set(checks.map((check) => check.verdict));
  const verdict = verdicts.has('fail') ? 'fail' : verdicts.has('warn') ? 'warn' : 'pass';
  return { verdict, hold: verdict === 'fail', rows, checks };
}

/** A failing row of `samplesSql` or `duplicateSamplesSql`. */
export function readSample(row: EngineRow): FailingRow {
  const object = textOf(row, 'object');
  const place = numberOf(row, 'row');
  const rows = numberOf(row, 'rows');
  return {
    ...(object === undefined ? {} : { object }),
    ...(place === undefined ? {} : { row: place }),
    value: textOf(row, 'value') ?? null,
    ...(rows === undefined ? {} : { rows }),
  };
}

/** Failing rows by the number of their check. */
export function readSamples(rows: readonly EngineRow[], at: number): readonly FailingRow[] {
  return rows.filter((row) => countOf(row, 'check') === at).map(readSample);
}

function measure({ unit }: Bound, failing: number, judged: number): number {
  if (unit === 'rows') return failing;
  return judged === 0 ? 0 : (100 * failing) / judged;
}
