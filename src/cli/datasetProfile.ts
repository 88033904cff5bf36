import type { DriftReport } from '../shared/findings/drift.js';
import { mergeProfiles, type MergedProfile } from '../shared/findings/mergeProfiles.js';
import type { ProfileReport } from '../shared/findings/reports.js';
import type { Ledger } from '../shared/ledger/port.js';
import { type Cell, type Output, showNumber } from './output.js';

/** A dataset's profile over its accepted batches, and what drifted in the newest. */
export interface DatasetProfile extends MergedProfile {
  readonly dataset: string;
  readonly drift?: DriftReport;
}

/** Batches that are merged at most. */
const MERGED = 200;

/** Merges the profiles of a dataset's judged and loaded batches. */
export async function readDatasetProfile({ read }: Pick<Ledger, 'read'>, dataset: string): Promise<DatasetProfile> {
  const batches = (await read.batches(dataset, MERGED)).filter(({ state }) => state === 'judged' || state === 'loaded');
  const reports: ProfileReport[] = [];
  let drift: DriftReport | undefined;
  for (const { batch } of batches) {
    const found = await read.findings({ batch, kind: 'profile', limit: 2 });
    // Both were written by the profile step: their shapes are known.
    const [profile] = found.filter(({ name }) => name === '').map(({ data }) => data as ProfileReport);
    if (reports.length === 0) drift = found.find(({ name }) => name === 'drift')?.data as DriftReport | undefined;
    if (profile !== undefined) reports.push(profile);
  }
  return { dataset, ...mergeProfiles(reports), ...(drift === undefined ? {} : { drift }) };
}

/** A dataset's profile for people. */
export function showDatasetProfile(output: Output, { batches, rows, columns, drift }: DatasetProfile): void {
  output.table(
    ['column', 'type', 'nulls', 'distinct', 'min', 'p50', 'mean', 'max'],
    columns.map((column): readonly Cell[] => [
      column.name,
      column.type,
      `${(column.nullFraction * 100).toFixed(1)}%`,
      column.distinct ?? column.distinctBetween?.map(showNumber).join(' to '),
      ...[column.min, column.quantiles?.p50, column.mean, column.max].map((value) =>
        value === undefined ? '' : typeof value === 'number' ? showNumber(value) : String(value).slice(0, 24),
      ),
    ]),
  );
  output.line();
  output.line(`${showNumber(batches)} batches, ${showNumber(rows)} rows`);
  if (drift === undefined || drift.drifts.length === 0) return;
  output.line();
  output.table(
    ['drifted in the newest batch', 'what', 'was', 'is', 'index'],
    drift.drifts.map(({ column, kind, was, is, index, newValues }) => [
      column,
      kind,
      was === undefined ? '' : String(was),
      is === undefined ? (newValues ?? []).map(({ value }) => value).join(', ') : String(is),
      index?.toFixed(2),
    ]),
  );
}
