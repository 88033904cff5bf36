import type { Config } from '../shared/config/config.js';
import { SluiceError } from '../shared/errors.js';
import { WARM, type Sensitivity } from '../shared/findings/anomaly.js';
import type { Anomaly, AnomalyDecision, Ledger } from '../shared/ledger/port.js';
import type { Output } from './output.js';
import { systemUser } from './systemUser.js';

/** An anomaly as `sluice anomaly list` tells it: the figure, and all that it was judged by. */
export type AnomalyView = Omit<Anomaly, 'data'> & Anomaly['data'];

/** How much a dataset has to compare with. */
export interface WatchView {
  readonly dataset: string;
  readonly sensitivity: Sensitivity;
  /** Accepted batches, at most 30. */
  readonly points: number;
  /** `warming_up`: fewer than 7 batches; only empty files and tenfold changes are told. */
  readonly state: 'off' | 'warming_up' | 'watching';
}

export interface AnomalyReport {
  readonly anomalies: readonly AnomalyView[];
  readonly datasets: readonly WatchView[];
}

const ENOUGH = 30;

/** The anomalies of the datasets, the newest first, and how warm each dataset is. */
export async function listAnomalies(
  { config, ledger }: { readonly config: Config; readonly ledger: Pick<Ledger, 'anomalies'> },
  { datasets, all, limit }: { readonly datasets: readonly string[]; readonly all: boolean; readonly limit: number },
): Promise<AnomalyReport> {
  const anomalies: AnomalyView[] = [];
  const views: WatchView[] = [];
  for (const { name, anomalies: settings } of config.datasets.filter((dataset) => datasets.includes(dataset.name))) {
    const rows = await ledger.anomalies.list({ dataset: name, open: !all, limit });
    anomalies.push(...rows.map(({ data, ...row }) => ({ ...row, ...data })));
    const { sensitivity } = settings;
    const points = (await ledger.anomalies.history(name, ENOUGH)).points.filter(
      ({ figures }) => figures.length > 0,
    ).length;
    const state = sensitivity === 'off' ? 'off' : points < WARM ? 'warming_up' : 'watching';
    views.push({ dataset: name, sensitivity, points, state });
  }
  return { anomalies: anomalies.toSorted((a, b) => Number(b.id) - Number(a.id)).slice(0, limit), datasets: views };
}

/** Anomalies for people. */
export function showAnomalies(output: Output, { anomalies, datasets }: AnomalyReport): void {
  if (anomalies.length === 0) output.line('nothing is unusual');
  else
    output.table(
      ['id', 'dataset', 'figure', 'got', 'usual', 'score', 'of', 'since', 'accepted'],
      anomalies.map((row) => [
        row.id,
        row.dataset,
        row.column === '' ? row.metric : `${row.metric} of ${row.column}`,
        showFigure(row.value),
        row.centre === undefined ? '' : showFigure(row.centre),
        row.score === undefined ? row.method : `${row.score.toFixed(1)}${row.levelShift ? ' (a new level?)' : ''}`,
        row.points,
        row.at.toISOString().slice(0, 19).replace('T', ' '),
        row.decided === undefined ? '' : `${row.decided.as} by ${row.decided.who}`,
      ]),
    );
  const warming = datasets.filter(({ state }) => state === 'warming_up');
  if (warming.length === 0) return;
  output.line();
  output.table(
    ['warming up', 'batches to compare with'],
    warming.map(({ dataset, points }) => [dataset, `${points} of ${WARM}`]),
  );
}

/** Round for people: three digits behind the point, fewer for large figures. */
function showFigure(value: number): string {
  return value.toLocaleString('en', {
    maximumSignificantDigits: Math.abs(value) >= 1000 ? 21 : 4,
    maximumFractionDigits: 3,
  });
}

/** What became of an acknowledgement. */
export interface AckReport {
  readonly answer: 'done' | 'already';
  readonly anomaly: AnomalyView;
  /** Later open anomalies of the same figure that were accepted with it. */
  readonly also: number;
}

/** Accepts an anomaly. Throws USAGE for an unknown id. */
export async function ackAnomaly(
  { anomalies }: Pick<Ledger, 'anomalies'>,
  {
    id,
    as,
    by,
    why = '',
  }: {
    readonly id: string;
    readonly as: AnomalyDecision;
    readonly by: string | undefined;
    readonly why: string | undefined;
  },
): Promise<AckReport> {
  const answer = await anomalies.acknowledge({ id, as, who: by ?? systemUser(), why });
  if (answer.kind === 'unknown')
    throw new SluiceError('USAGE', `expected an id as \`sluice anomaly list\` shows it, got ${JSON.stringify(id)}`);
  const { data, ...row } = answer.anomaly;
  return { answer: answer.kind, anomaly: { ...row, ...data }, also: answer.kind === 'done' ? answer.also : 0 };
}

/** An acknowledgement for people. */
export function showAck(output: Output, { answer, anomaly, also }: AckReport): void {
  const figure = anomaly.column === '' ? anomaly.metric : `${anomaly.metric} of ${anomaly.column}`;
  const { decided } = anomaly;
  if (answer === 'already')
    return output.line(`accepted before: ${decided?.as} by ${decided?.who} at ${decided?.at.toISOString()}`);
  const what = decided?.as === 'once' ? 'kept as an exception' : 'accepted as the new normal';
  output.line(`${anomaly.dataset}: ${figure} ${what}${also > 0 ? `, with ${also} later ones` : ''}`);
}
