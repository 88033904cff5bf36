import type { DatasetProfile } from '../shared/findings/datasetProfile.js';
import type { DriftReport } from '../shared/findings/drift.js';
import { type Cell, type Output, showNumber } from './output.js';

/** A dataset's profile for people. */
export function showDatasetProfile(output: Output, { batches, rows, columns, drift, noted }: DatasetProfile): void {
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
  if (drift !== undefined) showDrift(output, 'drifted in the newest batch', drift);
  if (noted === undefined) return;
  const { batch, at, drift: since } = noted;
  output.line();
  output.line(
    `noted at ${at.toISOString()}: ${showNumber(since.drifts.length)} drifts in batch ${batch} since ${showNumber(since.batches)} batches before it`,
  );
  showDrift(output, `drifted in batch ${batch}`, since);
}

function showDrift(output: Output, title: string, { drifts }: DriftReport): void {
  if (drifts.length === 0) return;
  output.line();
  output.table(
    [title, 'what', 'was', 'is', 'index'],
    drifts.map(({ column, kind, was, is, index, newValues }) => [
      column,
      kind,
      was === undefined ? '' : String(was),
      is === undefined ? (newValues ?? []).map(({ value }) => value).join(', ') : String(is),
      index?.toFixed(2),
    ]),
  );
}
