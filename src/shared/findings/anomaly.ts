/** How easily a dataset's figures are called unusual. */
export const SENSITIVITIES = ['off', 'low', 'normal', 'high'] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

/** Scores from which a figure warns and fails, in multiples of the usual spread. */
export const THRESHOLDS: Readonly<
  Record<Exclude<Sensitivity, 'off'>, { readonly warn: number; readonly fail: number }>
> = { low: { warn: 5, fail: 9 }, normal: { warn: 3.5, fail: 6 }, high: { warn: 2.5, fail: 4.5 } };

/** Figures that are needed before they are judged by their spread. */
export const WARM = 7;
/** Accepted figures that a judgement rests on at most. */
export const BASELINE = 30;
/** Figures of one weekday from which on only these count. */
const OF_ONE_WEEKDAY = 4;
/** How far a figure may be from the usual one, as a factor, from the second one on. */
const TENFOLD = 10;

/** An accepted figure of before. */
export interface PastFigure {
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What is asked: one figure against those of before, which do not include it. */
export interface AnomalyQuestion extends PastFigure {
  /** The newest first. */
  readonly history: readonly PastFigure[];
  readonly sensitivity: Exclude<Sensitivity, 'off'>;
  /** `up`: only more than usual is unusual. */
  readonly direction: 'up' | 'both';
  /** Never below 0; compared as factors where it spans more than one order of magnitude, and guarded from the first day. */
  readonly isCount: boolean;
  /** No difference below this is unusual, in the figure's own unit. */
  readonly leastSpread: number;
  /** Whether none at all, and ten times as many or few, is unusual before the figures are enough. */
  readonly guarded: boolean;
}

/** The answer, with all that it rests on. */
export interface AnomalyAnswer {
  /** `warming_up`: fewer than 7 figures, so only the guards judged. */
  readonly state: 'warming_up' | 'usual' | 'unusual';
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly value: number;
  /** Median of the history; absent without one. */
  readonly centre?: number;
  /** Usual spread around the centre, on the scale of `method`. */
  readonly spread?: number;
  /** Signed distance from the centre in spreads. */
  readonly score?: number;
  /** Figures that it rests on. */
  readonly points: number;
  /** `zero`, `tenfold`: a guard spoke. `mad`: distance from the median; `mad-log`: of logarithms. `-weekday`: of the same weekday alone. */
  readonly method: 'none' | 'zero' | 'tenfold' | 'mad' | 'mad-log' | 'mad-weekday' | 'mad-log-weekday';
}

/**
 * Judges a figure by the median of its history and the median absolute deviation from it (times 1.4826, the standard deviation
 * of normal figures). The spread has floors, so that a constant history judges too: 2 % of the median, the least spread that
 * was asked for, and for counts that vary their square root. A spread that rests on few figures is widened by 1 + 10/n. Pure.
 */
export function judgeFigure(question: AnomalyQuestion): AnomalyAnswer {
  const { value, guarded } = question;
  const recent = question.history.slice(0, BASELINE);
  const all = recent.map((past) => past.value);
  const base = { value, points: all.length };
  if (guarded && value === 0 && all.every((past) => past > 0))
    return { ...base, ...centreOf(all), state: 'unusual', verdict: 'fail', method: 'zero' };
  if (all.length < WARM) {
    const middle = median(all);
    const far = guarded && value > 0 && middle > 0 && isTenfold(value, middle);
    if (far) return { ...base, ...centreOf(all), state: 'unusual', verdict: 'warn', method: 'tenfold' };
    return { ...base, ...centreOf(all), state: 'warming_up', verdict: 'pass', method: 'none' };
  }
  const weekday = recent.filter(({ at }) => dayOf(at) === dayOf(question.at)).map((past) => past.value);
  const chosen = weekday.length >= OF_ONE_WEEKDAY && weekday.length < all.length ? weekday : all;
  const answer = score(question, chosen);
  return { ...answer, method: chosen === all ? answer.method : (`${answer.method}-weekday` as const) };
}

type Scored = AnomalyAnswer & { readonly method: 'mad' | 'mad-log' };

function score(
  { value, sensitivity, direction, isCount, leastSpread }: AnomalyQuestion,
  history: readonly number[],
): Scored {
  const asFactors = isCount && Math.max(...history) > 10 * Math.max(1, Math.min(...history));
  const scaled = asFactors ? history.map(Math.log1p) : history;
  const centre = median(scaled);
  const deviations = scaled.map((past) => Math.abs(past - centre));
  const mad = 1.4826 * median(deviations);
  // More than half of the figures are the same: what the others say about the spread still counts.
  const measured = mad > 0 ? mad : 1.2533 * mean(deviations);
  const varies = measured > 0;
  const spread = Math.max(
    measured * (1 + 10 / history.length),
    asFactors ? 0.02 : 0.02 * Math.abs(centre),
    asFactors ? 0 : leastSpread,
    isCount && varies && !asFactors ? Math.sqrt(centre) : 0,
    Number.MIN_VALUE,
  );
  const distance = ((asFactors ? Math.log1p(value) : value) - centre) / spread;
  const signed = Number.isFinite(distance) ? distance : Math.sign(distance) * Number.MAX_SAFE_INTEGER;
  const size = direction === 'up' ? signed : Math.abs(signed);
  const { warn, fail } = THRESHOLDS[sensitivity];
  const verdict = size >= fail ? 'fail' : size >= warn ? 'warn' : 'pass';
  return {
    state: verdict === 'pass' ? 'usual' : 'unusual',
    verdict,
    value,
    centre: asFactors ? Math.expm1(centre) : centre,
    spread,
    score: signed,
    points: history.length,
    method: asFactors ? 'mad-log' : 'mad',
  };
}

/** Both ends are usual. */
export interface UsualRange {
  readonly from: number;
  readonly to: number;
}

/** Between which a figure would not have been unusual, on both sides; undefined where the answer rests on no spread. */
export function usualRange(
  { centre, spread, method }: Pick<AnomalyAnswer, 'centre' | 'spread' | 'method'>,
  sensitivity: Exclude<Sensitivity, 'off'>,
): UsualRange | undefined {
  if (centre === undefined || spread === undefined) return undefined;
  const far = THRESHOLDS[sensitivity].warn * spread;
  if (!method.startsWith('mad-log')) return { from: centre - far, to: centre + far };
  return { from: Math.expm1(Math.log1p(centre) - far), to: Math.expm1(Math.log1p(centre) + far) };
}

function isTenfold(value: number, middle: number): boolean {
  return value > TENFOLD * middle || value < middle / TENFOLD;
}

function centreOf(history: readonly number[]): { readonly centre?: number } {
  return history.length === 0 ? {} : { centre: median(history) };
}

function dayOf(at: number): number {
  return new Date(at).getUTCDay();
}

/** The middle value; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
