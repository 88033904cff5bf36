import { z } from 'zod';
import { judgeFigure, type AnomalyAnswer, type AnomalyQuestion, type PastFigure, type Sensitivity } from './anomaly.js';
import type { Manifest } from '../ledger/manifest.js';

/** What is watched over time. The last two are figures of the clock, not of a batch. */
export const BATCH_METRICS = ['rowCount', 'bytes', 'nullFraction', 'distinct', 'mean'] as const;
export const CLOCK_METRICS = ['freshness', 'arrivalRate'] as const;
export type Metric = (typeof BATCH_METRICS)[number] | (typeof CLOCK_METRICS)[number];

/** One figure of a batch. */
export interface Figure {
  /** `rowCount` and `bytes` are those of a file on average, so that it does not matter how files were packed into batches. */
  readonly metric: Metric;
  /** '' for a figure of the whole batch. */
  readonly column: string;
  readonly value: number;
  /** By how much it may be off by chance alone: a standard error. */
  readonly error?: number;
}

const profileData = z.object({
  rows: z.number(),
  columns: z.array(
    z.object({
      name: z.string(),
      nullFraction: z.number(),
      elements: z.number().optional(),
      distinct: z.number().optional(),
      distinctError: z.number().optional(),
      mean: z.unknown().optional(),
      stddev: z.unknown().optional(),
    }),
  ),
});

/** The figures of a batch from its manifest and its profile; none when no object of it could be read. Pure. */
export function figuresOf(
  { objects, rows, bytes }: Pick<Manifest, 'objects' | 'rows' | 'bytes'>,
  profile: unknown,
): readonly Figure[] {
  const files = objects.filter(({ kind }) => kind === 'included').length;
  const fetched = objects.filter(({ kind }) => kind !== 'released').length;
  if (files === 0) return [];
  const parsed = profileData.safeParse(profile);
  return [
    { metric: 'rowCount', column: '', value: rows.in / files },
    { metric: 'bytes', column: '', value: bytes.in / fetched },
    ...(parsed.success
      ? parsed.data.columns.flatMap((column) => columnFigures(column, column.elements ?? parsed.data.rows))
      : []),
  ];
}

type ProfiledColumn = z.infer<typeof profileData>['columns'][number];

function columnFigures(
  { name, nullFraction, distinct, distinctError, mean, stddev }: ProfiledColumn,
  rows: number,
): Figure[] {
  if (rows === 0) return [];
  const figures: Figure[] = [
    {
      metric: 'nullFraction',
      column: name,
      value: nullFraction,
      error: Math.sqrt((nullFraction * (1 - nullFraction)) / rows),
    },
  ];
  const values = rows * (1 - nullFraction);
  if (distinct !== undefined)
    figures.push({
      metric: 'distinct',
      column: name,
      value: distinct,
      ...(distinctError === undefined ? {} : { error: distinct * distinctError }),
    });
  if (typeof mean === 'number' && Number.isFinite(mean)) {
    const error = typeof stddev === 'number' && values > 0 ? stddev / Math.sqrt(values) : 0;
    figures.push({ metric: 'mean', column: name, value: mean, ...(error > 0 ? { error } : {}) });
  }
  return figures;
}

/** How each figure is judged. */
const RULES: Readonly<Record<Metric, Pick<AnomalyQuestion, 'direction' | 'isCount' | 'leastSpread' | 'guarded'>>> = {
  rowCount: { direction: 'both', isCount: true, leastSpread: 1, guarded: true },
  bytes: { direction: 'both', isCount: true, leastSpread: 1, guarded: true },
  nullFraction: { direction: 'up', isCount: false, leastSpread: 0.005, guarded: false },
  distinct: { direction: 'both', isCount: true, leastSpread: 1, guarded: false },
  mean: { direction: 'both', isCount: false, leastSpread: 0, guarded: false },
  freshness: { direction: 'up', isCount: true, leastSpread: 300, guarded: false },
  arrivalRate: { direction: 'both', isCount: true, leastSpread: 1, guarded: false },
};

/** Whether a figure of this name can only be 0 or more. */
export function isNeverNegative(metric: string): boolean {
  return metric !== 'mean';
}

/** Judges one figure by its accepted history (without itself), the newest first. */
export function judgeMetric(
  { metric, value, error = 0 }: Omit<Figure, 'column'>,
  {
    at,
    history,
    sensitivity,
  }: {
    readonly at: number;
    readonly history: readonly PastFigure[];
    readonly sensitivity: Exclude<Sensitivity, 'off'>;
  },
): AnomalyAnswer {
  const rule = RULES[metric];
  return judgeFigure({ ...rule, value, at, history, sensitivity, leastSpread: Math.max(rule.leastSpread, error) });
}
