import type { Dataset, ScheduleConfig } from './config.js';

/** Between two looks at originals whose grace may be over, where the configuration says nothing about it. */
export const ORIGINALS_EVERY_MS = 3_600_000;

/** A job an hour for each dataset that does something with its originals and that no schedule names. Pure. */
export function originalsJobs(
  datasets: readonly Dataset[],
  schedules: readonly ScheduleConfig[],
): readonly ScheduleConfig[] {
  const jobs = schedules.filter(({ job }) => job === 'originals');
  const isNamed = ({ name }: Dataset) => jobs.some(({ dataset }) => dataset === undefined || dataset === name);
  return datasets
    .filter((dataset) => dataset.originals.after !== 'keep' && !isNamed(dataset))
    .map(({ name }) => ({ job: 'originals', dataset: name, everyMs: ORIGINALS_EVERY_MS }));
}
