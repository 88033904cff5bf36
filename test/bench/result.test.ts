import { expect, it } from 'vitest';
import { FIGURES } from '../../bench/harness/catalogue.js';
import { readTree } from '../../bench/harness/processTree.js';
import { cpu, notRun, ratioResult, valueResult } from '../../bench/harness/result.js';
import type { Measured } from '../../bench/harness/side.js';
import { median, quantile } from '../../bench/harness/statistics.js';

/** Names that scripts of others read. */
const FIXED = [
  'intake/webhook-records-per-second',
  'intake/over-bare-copy',
  'queue/over-bare-bullmq',
  'compaction/job-parquet',
  'compaction/job-csv-gz',
  'compaction/job-ndjson-gz',
  'compaction/engine-over-polars',
  'compaction/bytes-over-snappy',
  'profile/over-summarize',
  'profile/over-decode',
  'skew/over-group-by',
  'postgres/append-over-copy-csv',
  'postgres/append-over-copy-binary',
  'postgres/upsert-over-append',
  'latency/p50-ms',
  'latency/p99-ms',
  'scale/cost-per-object-100k-over-1k',
  'peers/dlt',
  'peers/spark-compaction',
  'peers/polars-describe',
];

const used = (cpuSeconds: number): Measured => ({
  wallSeconds: 1,
  cpuSeconds,
  peakRssBytes: 1,
  answer: {},
  digest: null,
});

it('takes the median of the pairwise ratios, not the ratio of the medians', () => {
  const pairs = [
    { a: used(1), b: used(10) },
    { a: used(6), b: used(3) },
    { a: used(8), b: used(8) },
  ];
  const result = ratioResult('profile/over-summarize', { titles: { a: 'a', b: 'b' }, pairs }, cpu);
  expect(result).toMatchObject({ ratio: 1, spread: [0.1, 2], runs: 3, goal: 0.65, met: false, status: 'measured' });
});

it('judges a goal by its direction', () => {
  expect(valueResult('latency/p50-ms', 699, [699]).met).toBe(true);
  expect(valueResult('latency/p50-ms', 701, [701]).met).toBe(false);
  expect(valueResult('queue/over-bare-bullmq', 0.79, []).met).toBe(false);
  expect(valueResult('queue/over-bare-bullmq', 0.8, []).met).toBe(true);
});

it('lists what was not run with its reason and without a verdict', () => {
  expect(notRun('peers/dlt', 'no Python')).toMatchObject({
    ratio: null,
    met: null,
    status: 'not run',
    reason: 'no Python',
  });
});

it('has every fixed name once in its catalogue', () => {
  const names: readonly string[] = FIGURES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of FIXED) expect(names).toContain(name);
});

it('sums a process and all its descendants, and nobody else', () => {
  const row = (pid: number, parent: number) => ({ pid, parent, cpuSeconds: pid, rssBytes: 10 });
  const rows = [row(1, 0), row(2, 1), row(3, 2), row(4, 1), row(5, 4), row(6, 3)];
  expect(readTree([2], rows)).toEqual({ cpuSeconds: 11, rssBytes: 30, pids: [2, 3, 6] });
  expect(readTree([2, 3, 5], rows).cpuSeconds).toBe(16);
});

it('interpolates quantiles', () => {
  expect(median([3, 1, 2, 10])).toBe(2.5);
  expect(quantile([1, 2, 3, 4, 5], 0.99)).toBeCloseTo(4.96);
  expect(median([])).toBeNaN();
});
