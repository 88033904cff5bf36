import type { Dataset, LakeConfig, ScheduleConfig } from './config.js';

/** Between two sweeps of a folder where the configuration says nothing about it. */
export const FOLDER_SWEEP_MS = 60_000;

/** The datasets whose files arrive in a folder, which announces nothing. Pure. */
export function folderDatasets(config: {
  readonly lake?: Pick<LakeConfig, 'url'> | undefined;
  readonly datasets: readonly Dataset[];
}): readonly Dataset[] {
  return config.datasets.filter(({ source }) => (source.url ?? config.lake?.url ?? '').startsWith('file://'));
}

/** A sweep a minute of each such dataset that no schedule sweeps. Pure. */
export function folderSweeps(
  datasets: readonly Dataset[],
  schedules: readonly ScheduleConfig[],
): readonly ScheduleConfig[] {
  const sweeps = schedules.filter(({ job }) => job === 'sweep');
  const isSwept = ({ name }: Dataset) => sweeps.some(({ dataset }) => dataset === undefined || dataset === name);
  return datasets
    .filter((dataset) => !isSwept(dataset))
    .map(({ name }) => ({ job: 'sweep', dataset: name, everyMs: FOLDER_SWEEP_MS }));
}
