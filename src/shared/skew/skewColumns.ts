import { SKEW_THRESHOLD, isSkewCandidate } from './plan.js';
import { skewSource } from './skewSource.js';
import type { EngineSession } from '../engine/port.js';
import type { ProfileReport } from '../findings/reports.js';
import type { SkewReport } from '../findings/skew.js';

export interface SkewColumnsRequest {
  readonly session: EngineSession;
  readonly source: string;
  /** The profile of the same source. */
  readonly profile: ProfileReport;
  /** Default 10. */
  readonly threshold?: number;
  readonly signal?: AbortSignal;
}

/** The skewed columns of a source whose keys nobody named, the largest hot key first. `isSkewCandidate` says which columns are looked at. */
export async function skewColumns(request: SkewColumnsRequest): Promise<readonly SkewReport[]> {
  const { profile, threshold = SKEW_THRESHOLD, ...rest } = request;
  const reports: SkewReport[] = [];
  const columns = profile.columns.filter(({ path }) => path === undefined);
  for (const column of columns) {
    if (!isSkewCandidate(column, profile.rows, threshold)) continue;
    reports.push(await skewSource({ ...rest, key: [column.name], columns, threshold }));
  }
  return reports.filter((report) => report.skewed).sort((a, b) => b.topShare - a.topShare);
}
