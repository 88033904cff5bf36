import { type Direction, type Figure, figureOf, type FigureName } from './catalogue.js';
import type { Args, Measured } from './side.js';
import { median, rounded, spread } from './statistics.js';

/** Medians of one side's runs. */
export interface SideFacts {
  readonly title: string;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly perSecond?: number;
  readonly facts?: Args;
}

/** One line of the result: the surface that scripts read. */
export interface Result {
  readonly name: string;
  /** Median of the pairwise ratios, or the figure itself where its unit is no ratio; null when not run. */
  readonly ratio: number | null;
  readonly unit: string;
  readonly goal: number | null;
  readonly direction: Direction;
  /** Null when there is no goal or it was not run. */
  readonly met: boolean | null;
  readonly status: 'measured' | 'not run';
  /** Pairs, or samples. */
  readonly runs: number;
  /** Least and greatest of the pairwise ratios. */
  readonly spread: readonly [number, number] | null;
  readonly title: string;
  /** Why it was not run. */
  readonly reason?: string;
  readonly a?: SideFacts;
  readonly b?: SideFacts;
  readonly facts?: Args;
}

/** A run of A and the run of B that followed it. */
export interface Pair {
  readonly a: Measured;
  readonly b: Measured;
}

/** The pairs of one comparison, with the names of its sides. */
export interface Pairs {
  readonly titles: { readonly a: string; readonly b: string };
  readonly pairs: readonly Pair[];
}

export type Metric = (measured: Measured) => number;
export const cpu: Metric = ({ cpuSeconds }) => Math.max(cpuSeconds, 0.01);
export const wall: Metric = ({ wallSeconds }) => wallSeconds;
export const rss: Metric = ({ peakRssBytes }) => peakRssBytes;
export const bytes: Metric = ({ answer }) => answer.bytes ?? Number.NaN;
export const rate: Metric = ({ answer, wallSeconds }) => (answer.units ?? Number.NaN) / wallSeconds;
export const cpuPerUnit: Metric = (measured) => cpu(measured) / (measured.answer.units ?? Number.NaN);

/** The line of a figure from its pairs: the median of A's metric over B's, pair by pair. */
export function ratioResult(name: FigureName, { titles, pairs }: Pairs, metric: Metric): Result {
  const ratios = pairs.map(({ a, b }) => metric(a) / metric(b));
  return {
    ...measured(figureOf(name), median(ratios), ratios.length),
    spread: [rounded(spread(ratios)[0]), rounded(spread(ratios)[1])],
    a: sideFacts(
      titles.a,
      pairs.map(({ a }) => a),
    ),
    b: sideFacts(
      titles.b,
      pairs.map(({ b }) => b),
    ),
  };
}

/** The line of a figure that is no ratio. */
export function valueResult(name: FigureName, value: number, samples: readonly number[], facts?: Args): Result {
  return {
    ...measured(figureOf(name), value, samples.length),
    spread: samples.length === 0 ? null : [rounded(spread(samples)[0]), rounded(spread(samples)[1])],
    ...(facts === undefined ? {} : { facts }),
  };
}

/** The line of a figure that could not be measured here. */
export function notRun(name: string, reason: string): Result {
  const { title, unit, goal, direction } = figureOf(name);
  return {
    name,
    ratio: null,
    unit,
    goal: goal ?? null,
    direction,
    met: null,
    status: 'not run',
    runs: 0,
    spread: null,
    title,
    reason,
  };
}

function measured({ name, title, unit, goal, direction }: Figure, value: number, runs: number) {
  const holds = goal === undefined ? null : direction === 'at most' ? value <= goal : value >= goal;
  return {
    name,
    ratio: rounded(value),
    unit,
    goal: goal ?? null,
    direction,
    met: holds,
    status: 'measured',
    runs,
    title,
  } as const;
}

function sideFacts(title: string, runs: readonly Measured[]): SideFacts {
  const facts = runs.at(-1)?.answer.facts;
  const perSecond = median(runs.map(rate));
  return {
    title,
    wallSeconds: rounded(median(runs.map(wall))),
    cpuSeconds: rounded(median(runs.map(cpu))),
    peakRssBytes: Math.round(median(runs.map(rss))),
    ...(Number.isFinite(perSecond) ? { perSecond: Math.round(perSecond) } : {}),
    ...(facts === undefined ? {} : { facts }),
  };
}
