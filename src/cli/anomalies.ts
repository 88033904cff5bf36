import { SluiceError } from '../shared/errors.js';
import { WARM } from '../shared/findings/anomaly.js';
import { type AnomalyReport, type AnomalyView, viewOf } from '../shared/findings/listAnomalies.js';
import type { AnomalyDecision, Ledger } from '../shared/ledger/port.js';
import type { Output } from './output.js';
import { systemUser } from './systemUser.js';

/** Anomalies for people. */
export function showAnomalies(output: Output, { anomalies, datasets }: AnomalyReport): void {
  if (anomalies.length === 0) output.line('nothing is unusual');
  else
    output.table(
      ['id', 'dataset', 'figure', 'got', 'usual', 'expected', 'score', 'of', 'since', 'accepted'],
      anomalies.map((row) => [
        row.id,
        row.dataset,
        row.column === '' ? row.metric : `${row.metric} of ${row.column}`,
        showFigure(row.value),
        row.centre === undefined ? '' : showFigure(row.centre),
        showRange(row),
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

function showRange({ expected }: AnomalyView): string {
  return expected === undefined ? '' : `${showFigure(expected.from)} to ${showFigure(expected.to)}`;
}

/** Round for people: four digits, large figures without fractions. */
export function showFigure(value: number): string {
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString('en', digits);
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
  return { answer: answer.kind, anomaly: viewOf(answer.anomaly), also: answer.kind === 'done' ? answer.also : 0 };
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
