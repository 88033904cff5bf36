import type { CheckReport } from '../../shared/findings/check.js';
import type { ColumnProfile, ProfileReport, Scalar } from '../../shared/findings/reports.js';
import type { JoinReport, SkewReport } from '../../shared/findings/skew.js';
import { type Cell, type Output, showBytes, showNumber } from '../output.js';
import type { SkewAnswer } from './findings.js';
import type { CompactedObject } from './compactInputs.js';
import { showQuarantined } from './show.js';

const SHOWN_TEXT = 24;

/** A profile for people: one line a column, then its top values. */
export function showProfile(output: Output, report: ProfileReport, objects: readonly CompactedObject[]): void {
  output.table(
    ['column', 'type', 'nulls', 'distinct', 'min', 'p50', 'mean', 'max', 'top values'],
    report.columns.map(describeColumn),
  );
  showQuarantined(output, objects);
  output.line();
  const bytes = report.bytes === undefined ? '' : `, ${showBytes(report.bytes)}`;
  output.line(
    `${showNumber(objects.length)} files, ${showNumber(report.rows)} rows${bytes}, ${report.seconds.toFixed(1)} s` +
      (report.sample === undefined ? '' : `; quantiles from a sample of ${showNumber(report.sample.rows)} rows`),
  );
}

function describeColumn(column: ColumnProfile): readonly Cell[] {
  const { distinct, distinctMethod } = column;
  const about = distinctMethod === 'approximate' ? '~' : '';
  const top = (column.top ?? []).slice(0, 3).map(({ value, rows }) => `${showScalar(value)} (${showNumber(rows)})`);
  return [
    column.name,
    column.type,
    `${(column.nullFraction * 100).toFixed(1)}%`,
    distinct === undefined ? undefined : `${about}${showNumber(distinct)}`,
    showScalar(column.min),
    showScalar(column.quantiles?.p50),
    showScalar(column.mean),
    showScalar(column.max),
    top.join(', '),
  ];
}

function showScalar(value: Scalar | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'number' ? showNumber(value) : String(value).replaceAll(/\s+/g, ' ');
  return text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT - 1)}…` : text;
}

/** The skew of a key for people. */
export function showSkew(output: Output, report: SkewAnswer, objects: readonly CompactedObject[]): void {
  const { paint } = output;
  output.line(
    `${report.key.join(', ')}: ${report.skewed ? paint.bad('skewed') : paint.good('not skewed')}, largest key ${report.maxOverMean.toFixed(1)} times the mean ` +
      `(${(report.topShare * 100).toFixed(1)}% of ${showNumber(report.rows)} rows, ${showNumber(report.keys)} keys)`,
  );
  const [nulls, placeholders] = [report.nullShare, report.defaultShare].map((share) => `${(share * 100).toFixed(1)}%`);
  output.line(
    `NULL in the key: ${nulls} of the rows, hot keys that stand for none: ${placeholders}; rows of a key: mean ${showNumber(report.meanRows)}, ` +
      `standard deviation ${showNumber(report.stddev)}, Gini ${report.gini.toFixed(2)}`,
  );
  if (report.hotKeys.length > 0) {
    output.line();
    output.table(
      ['hot key', 'rows', 'share'],
      report.hotKeys.map(({ key, rows, share }) => [
        [key].flat().map(String).join(', '),
        rows,
        `${(share * 100).toFixed(2)}%`,
      ]),
    );
  }
  output.line();
  output.table(
    ['partitions', 'largest over mean'],
    report.imbalance.map(({ partitions, maxOverMean }) => [partitions, maxOverMean]),
  );
  output.line();
  for (const { partition, bytes } of report.partitions.skewed)
    output.line(
      `partition ${partition}: ${showBytes(bytes)}, the median is ${showBytes(report.partitions.medianBytes)}`,
    );
  output.line(`advice: ${describeAdvice(report)}`);
  if (report.join !== undefined) showJoin(output, report.join);
  showQuarantined(output, objects);
  output.line();
  output.line(`${showNumber(report.rows)} rows, ${report.seconds.toFixed(1)} s`);
}

function describeAdvice({ advice }: SkewReport): string {
  if (advice.kind === 'none') return 'none';
  const keys = advice.keys.map((key) => [key].flat().map(String).join(', ')).slice(0, 5);
  const more = advice.keys.length > keys.length ? `; and ${advice.keys.length - keys.length} more` : '';
  const how = advice.kind === 'salt' ? ` with ${advice.salts} salts` : '';
  return `${advice.kind} ${keys.join('; ')}${more}${how}`;
}

function showJoin(output: Output, join: JoinReport): void {
  const { rows, explosion, lost, multiplied, worst, salted, balance } = join;
  output.line();
  output.line(
    `join: ${showNumber(rows.left)} rows with ${showNumber(rows.right)} become ${showNumber(rows.joined)} (${explosion.toFixed(2)} for each); ` +
      `${showNumber(lost)} lost, ${showNumber(multiplied)} multiplied`,
  );
  output.table(
    ['key', 'left', 'right', 'joined'],
    worst.map(({ key, left, right, joined }) => [[key].flat().map(String).join(', '), left, right, joined]),
  );
  output.line();
  output.table(
    ['partitions', 'largest over mean', `with ${salted.length} salted keys`],
    balance.map(({ partitions, before, after }) => [partitions, before, after]),
  );
}

/** The verdicts of a contract for people; masked samples are in the JSON. */
export function showChecks(output: Output, report: CheckReport, objects: readonly CompactedObject[]): void {
  const { paint } = output;
  output.table(
    ['check', 'verdict', 'expected', 'actual', 'failing rows', 'reason'],
    report.checks.map(({ name, verdict, expected, actual, failingRows, reason }) => [
      name,
      verdict === 'pass' ? paint.good(verdict) : paint.bad(verdict),
      expected,
      actual,
      failingRows,
      reason,
    ]),
  );
  showQuarantined(output, objects);
  output.line();
  output.line(`${report.verdict}: ${showNumber(report.checks.length)} checks over ${showNumber(report.rows)} rows`);
}
