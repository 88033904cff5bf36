import type { Config } from '../config/config.js';
import type { Anomaly, Ledger } from '../ledger/port.js';
import { type Sensitivity, type UsualRange, usualRange, WARM } from './anomaly.js';
import { isNeverNegative } from './figures.js';

/** An anomaly as `sluice anomaly list` tells it: the figure, and all that it was judged by. */
export type AnomalyView = Omit<Anomaly, 'data'> &
  Anomaly['data'] & {
    /** Between which it would not have been unusual; absent where too few figures are known. */
    readonly expected?: UsualRange;
  };

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
  { config, ledger }: { readonly config: Pick<Config, 'datasets'>; readonly ledger: Pick<Ledger, 'anomalies'> },
  { datasets, all, limit }: { readonly datasets: readonly string[]; readonly all: boolean; readonly limit: number },
): Promise<AnomalyReport> {
  const anomalies: AnomalyView[] = [];
  const views: WatchView[] = [];
  for (const { name, anomalies: settings } of config.datasets.filter((dataset) => datasets.includes(dataset.name))) {
    const rows = await ledger.anomalies.list({ dataset: name, open: !all, limit });
    const { sensitivity } = settings;
    anomalies.push(...rows.map((row) => viewOf(row, sensitivity)));
    const points = (await ledger.anomalies.history(name, ENOUGH)).points.filter(
      ({ figures }) => figures.length > 0,
    ).length;
    const state = sensitivity === 'off' ? 'off' : points < WARM ? 'warming_up' : 'watching';
    views.push({ dataset: name, sensitivity, points, state });
  }
  return { anomalies: anomalies.toSorted((a, b) => Number(b.id) - Number(a.id)).slice(0, limit), datasets: views };
}

/** An anomaly with what would have been usual under a sensitivity. */
export function viewOf({ data, ...row }: Anomaly, sensitivity: Sensitivity = 'normal'): AnomalyView {
  const range = sensitivity === 'off' ? undefined : usualRange(data, sensitivity);
  if (range === undefined) return { ...row, ...data };
  const from = isNeverNegative(row.metric) ? Math.max(0, range.from) : range.from;
  return { ...row, ...data, expected: { ...range, from } };
}
