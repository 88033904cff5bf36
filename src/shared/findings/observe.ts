import type { Anomaly, AnomalyData, NewAnomaly, Point, PointHistory } from '../ledger/watchRecords.js';
import type { ArrivalDay } from '../ledger/watchRecords.js';
import { WARM, type PastFigure, type Sensitivity } from './anomaly.js';
import { judgeMetric, type Figure } from './figures.js';

type Judging = Exclude<Sensitivity, 'off'>;

/** Same-sided anomalies in a row, this one included, from which on the level itself may have moved. */
const SHIFT = 3;

/** The figures of a batch that are unusual against the accepted points of its dataset. Pure. */
export function judgePoint(point: Point, history: PointHistory, sensitivity: Judging): readonly NewAnomaly[] {
  const others = history.points.filter(({ batch }) => batch !== point.batch);
  const past = groupFigures(others);
  const known = groupBy(history.anomalies);
  const before = others.map(({ batch }) => batch).filter((batch) => batch < point.batch);
  return point.figures.flatMap((figure) => {
    const anomalies = known.get(nameOf(figure)) ?? [];
    const accepted = acceptedFigures(past.get(nameOf(figure)) ?? [], { figure, anomalies, rows: point.rows });
    const answer = judgeMetric(figure, { at: point.at.getTime(), history: accepted, sensitivity });
    if (answer.state !== 'unusual') return [];
    const data: AnomalyData = { ...answer, levelShift: isShift(answer.score ?? 0, before, anomalies) };
    return [{ dataset: point.dataset, metric: figure.metric, column: figure.column, subject: point.batch, data }];
  });
}

/** A figure of an earlier batch. */
interface BatchFigure extends PastFigure {
  readonly batch: string;
  readonly rows: number;
}

function groupFigures(points: readonly Point[]): ReadonlyMap<string, readonly BatchFigure[]> {
  const groups = new Map<string, BatchFigure[]>();
  for (const { batch, at, rows, figures } of points) {
    for (const figure of figures) {
      const group = groups.get(nameOf(figure)) ?? [];
      group.push({ batch, rows, at: at.getTime(), value: figure.value });
      groups.set(nameOf(figure), group);
    }
  }
  return groups;
}

interface Among {
  readonly figure: Figure;
  /** Of this figure. */
  readonly anomalies: readonly Anomaly[];
  readonly rows: number;
}

/** Figures of before: since the level that was last accepted, without those that were unusual and not accepted. Distinct values are compared among batches of half to twice the rows, since they grow with them. */
function acceptedFigures(past: readonly BatchFigure[], { figure, anomalies, rows }: Among): readonly PastFigure[] {
  const { since, left } = levelOf(anomalies);
  return past
    .filter(({ batch }) => batch >= since && !left.has(batch))
    .filter((one) => figure.metric !== 'distinct' || (one.rows >= rows / 2 && one.rows <= rows * 2));
}

/** The subject that the level counts from, and the subjects that do not count. */
function levelOf(anomalies: readonly Anomaly[]): { readonly since: string; readonly left: ReadonlySet<string> } {
  const accepted = anomalies.filter(({ decided }) => decided?.as === 'normal').map(({ subject }) => subject);
  const left = anomalies.filter(({ decided }) => decided?.as !== 'normal').map(({ subject }) => subject);
  return { since: firstOfLast(accepted, anomalies), left: new Set(left) };
}

/** A decision may accept several anomalies at once: the level begins with the first of them. */
function firstOfLast(accepted: readonly string[], anomalies: readonly Anomaly[]): string {
  const decidedAt = (subject: string) => anomalies.find((one) => one.subject === subject)?.decided?.at.getTime() ?? 0;
  const last = Math.max(...accepted.map(decidedAt));
  return accepted.filter((subject) => decidedAt(subject) === last).toSorted()[0] ?? '';
}

function isShift(score: number, before: readonly string[], anomalies: readonly Anomaly[]): boolean {
  const recent = before
    .toSorted()
    .toReversed()
    .slice(0, SHIFT - 1);
  const sides = recent.map((subject) => anomalies.find((one) => one.subject === subject && one.decided === undefined));
  return sides.length === SHIFT - 1 && sides.every((one) => Math.sign(one?.data.score ?? 0) === Math.sign(score));
}

function groupBy(anomalies: readonly Anomaly[]): ReadonlyMap<string, readonly Anomaly[]> {
  const groups = new Map<string, Anomaly[]>();
  for (const anomaly of anomalies) {
    const group = groups.get(nameOf(anomaly)) ?? [];
    group.push(anomaly);
    groups.set(nameOf(anomaly), group);
  }
  return groups;
}

function nameOf({ metric, column }: { readonly metric: string; readonly column: string }): string {
  return `${metric}\n${column}`;
}

/** What the clock says of a dataset: how many objects came yesterday, and how long nothing has come. Days are of UTC. */
export interface ClockQuestion {
  readonly dataset: string;
  readonly days: readonly ArrivalDay[];
  readonly today: string;
  readonly quietMs?: number;
  readonly lastDay?: string;
  /** Of the dataset's clock figures. */
  readonly anomalies: readonly Anomaly[];
  readonly sensitivity: Judging;
}

/**
 * The figures of the clock that are unusual: `arrivalRate`, objects of the last full day, and `freshness`, seconds since the last batch
 * against the longest such time of each day. Without seven days nothing is said. Pure.
 */
export function judgeClock(question: ClockQuestion): readonly NewAnomaly[] {
  const { days, today, quietMs, lastDay } = question;
  const full = days.filter(({ day }) => day < today);
  const yesterday = full.at(-1);
  const rates = full.slice(0, -1).map(({ day, objects }) => ({ subject: day, value: objects }));
  const gaps = full.flatMap(({ day, longestGapMs }) =>
    longestGapMs === undefined ? [] : [{ subject: day, value: longestGapMs / 1000 }],
  );
  return [
    ...(yesterday === undefined
      ? []
      : judgeOne(question, { metric: 'arrivalRate', subject: yesterday.day, value: yesterday.objects, past: rates })),
    ...(quietMs === undefined || lastDay === undefined
      ? []
      : judgeOne(question, { metric: 'freshness', subject: lastDay, value: quietMs / 1000, past: gaps })),
  ];
}

interface ClockFigure {
  readonly metric: 'arrivalRate' | 'freshness';
  readonly subject: string;
  readonly value: number;
  readonly past: readonly { readonly subject: string; readonly value: number }[];
}

function judgeOne({ dataset, anomalies, sensitivity }: ClockQuestion, figure: ClockFigure): readonly NewAnomaly[] {
  const { metric, subject, value, past } = figure;
  const mine = anomalies.filter((anomaly) => anomaly.metric === metric);
  if (mine.some((anomaly) => anomaly.subject === subject)) return [];
  const { since, left } = levelOf(mine);
  const history = past
    .filter((one) => one.subject >= since && one.subject !== subject && !left.has(one.subject))
    .map((one) => ({ value: one.value, at: Date.parse(one.subject) }))
    .toReversed();
  if (history.length < WARM) return [];
  const answer = judgeMetric({ metric, value }, { at: Date.parse(subject), history, sensitivity });
  if (answer.state !== 'unusual') return [];
  return [{ dataset, metric, column: '', subject, data: { ...answer, levelShift: false } }];
}
