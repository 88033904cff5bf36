import { datasetOf, type SweepReport, type WorkerContext } from '../workers/context.js';
import type { Output } from './output.js';

/** What the sweep of a dataset did. */
export interface DatasetSweep extends SweepReport {
  readonly dataset: string;
}

/** Sweeps the datasets, one after the other. */
export async function sweepDatasets(
  { config, sweep }: Pick<WorkerContext, 'config' | 'sweep'>,
  datasets: readonly string[],
  signal: AbortSignal,
): Promise<readonly DatasetSweep[]> {
  const sweeps: DatasetSweep[] = [];
  for (const dataset of datasets) {
    const { found, recorded, ignored } = await sweep(datasetOf(config, dataset), signal);
    sweeps.push({ dataset, found, recorded, ignored });
  }
  return sweeps;
}

/** Sweeps for people. */
export function showSweeps(output: Output, sweeps: readonly DatasetSweep[]): void {
  output.table(
    ['dataset', 'found', 'recorded', 'ignored'],
    sweeps.map(({ dataset, found, recorded, ignored }) => [dataset, found, recorded, ignored]),
  );
}
