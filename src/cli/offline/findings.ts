import type { FileFormat } from '../../shared/config/dataset.js';
import type { CheckReport } from '../../shared/findings/check.js';
import type { ProfileReport } from '../../shared/findings/reports.js';
import type { SkewReport } from '../../shared/findings/skew.js';
import { checkSource } from '../../workers/check/checkSource.js';
import { profileSource } from '../../workers/profile/profileSource.js';
import { skewSource } from '../../shared/skew/skewSource.js';
import type { Contract } from './contract.js';
import type { CompactedObject } from './compactInputs.js';
import type { OfflineWork } from './session.js';
import { lookInto } from './source.js';

/** Files that were set aside, as they stand in the answer. */
export interface WithQuarantined {
  readonly quarantined: readonly Pick<CompactedObject, 'uri' | 'code' | 'reason'>[];
}

/** A finding over the files that could be read. */
export interface InputFinding<T> {
  readonly report: T & WithQuarantined;
  readonly objects: readonly CompactedObject[];
}

/** Profiles the rows of all files together. */
export async function profileInputs(work: OfflineWork, format: FileFormat): Promise<InputFinding<ProfileReport>> {
  const startedAt = performance.now();
  const { session, signal } = work;
  const { found, objects } = await lookInto(work, format, ({ source, columns, bytes }) =>
    profileSource({ session, source, columns, bytes, signal }),
  );
  return finding({ ...found, seconds: (performance.now() - startedAt) / 1000 }, objects);
}

/** Finds the skew of a key over the rows of all files together. */
export async function skewInputs(
  work: OfflineWork,
  {
    format,
    key,
    threshold,
  }: { readonly format: FileFormat; readonly key: readonly string[]; readonly threshold: number },
): Promise<InputFinding<SkewReport>> {
  const { session, signal } = work;
  const { found, objects } = await lookInto(work, format, ({ source, columns }) =>
    skewSource({ session, source, columns, key, threshold, signal }),
  );
  return finding(found, objects);
}

/** Judges the rows of all files together. */
export async function checkInputs(
  work: OfflineWork,
  format: FileFormat,
  contract: Contract,
): Promise<InputFinding<CheckReport>> {
  const { session, signal } = work;
  const { found, objects } = await lookInto(work, format, ({ source, columns }) =>
    checkSource({ session, source, columns, checks: contract.columns, tableChecks: contract.checks, signal }),
  );
  return finding(found, objects);
}

function finding<T>(report: T, objects: readonly CompactedObject[]): InputFinding<T> {
  const bad = objects.filter(({ state }) => state === 'quarantined');
  const quarantined = bad.map(({ uri, code, reason }) => ({
    uri,
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
  }));
  return { report: { ...report, quarantined }, objects };
}
