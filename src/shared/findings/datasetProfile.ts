import type { BatchId } from '../ids.js';
import type { Finding, ReadLedger } from '../ledger/port.js';
import { compareProfiles, type DriftReport } from './drift.js';
import { mergeProfiles, type MergedProfile } from './mergeProfiles.js';
import type { ProfileReport } from './reports.js';

/** Names of the findings of kind `profile` that are about a whole dataset; they stand with its newest profiled batch. */
export const DATASET_FINDINGS = { profile: 'dataset', drift: 'dataset drift' } as const;

/** Batches that are merged at most. */
const MERGED = 200;

/** A dataset's profile over its accepted batches, and what drifted in the newest. */
export interface DatasetProfile extends MergedProfile {
  readonly dataset: string;
  /** The newest batch against the few before it, as its own profile step found. */
  readonly drift?: DriftReport;
  /** What the scheduled profile last noted: its newest batch then against all the others. */
  readonly noted?: { readonly batch: BatchId; readonly at: Date; readonly drift: DriftReport };
}

type Read = { readonly read: Pick<ReadLedger, 'batches' | 'findings'> };

/** Merges the profiles of a dataset's judged and loaded batches, at most the newest 200. Errors: LEDGER_AWAY. */
export async function readDatasetProfile(ledger: Read, dataset: string): Promise<DatasetProfile> {
  const found = await readProfiles(ledger, dataset);
  const drift = found[0]?.drift;
  const noted = found.find((one) => one.noted !== undefined)?.noted;
  return {
    dataset,
    ...mergeProfiles(found.map(({ profile }) => profile)),
    ...(drift === undefined ? {} : { drift }),
    ...(noted === undefined ? {} : { noted }),
  };
}

/**
 * The findings about a dataset: its merged profile, and, where it has two batches or more, what of the newest is not as it was in all
 * the others; a change that creeps from batch to batch shows here. Undefined without a profiled batch. Errors: LEDGER_AWAY.
 */
export async function findDatasetProfile(
  ledger: Read,
  dataset: string,
): Promise<{ readonly batch: BatchId; readonly findings: readonly Finding[]; readonly drifts: number } | undefined> {
  const profiles = await readProfiles(ledger, dataset);
  const [newest, ...others] = profiles;
  if (newest === undefined) return undefined;
  const merged = mergeProfiles(profiles.map(({ profile }) => profile));
  const whole: Finding = { kind: 'profile', name: DATASET_FINDINGS.profile, data: merged };
  if (others.length === 0) return { batch: newest.batch, findings: [whole], drifts: 0 };
  const data = compareProfiles(newest.profile, mergeProfiles(others.map(({ profile }) => profile)));
  const verdict = data.drifts.length > 0 ? 'warn' : 'pass';
  const drift: Finding = { kind: 'profile', name: DATASET_FINDINGS.drift, verdict, data };
  return { batch: newest.batch, findings: [whole, drift], drifts: data.drifts.length };
}

interface ProfiledBatch {
  readonly batch: BatchId;
  readonly profile: ProfileReport;
  readonly drift?: DriftReport | undefined;
  readonly noted?: DatasetProfile['noted'];
}

/** The newest first; batches without a profile are passed over. */
async function readProfiles({ read }: Read, dataset: string): Promise<readonly ProfiledBatch[]> {
  const rows = (await read.batches(dataset, MERGED)).filter(({ state }) => state === 'judged' || state === 'loaded');
  const profiles: ProfiledBatch[] = [];
  for (const { batch } of rows) {
    const found = await read.findings({ batch, kind: 'profile', limit: 4 });
    const dataOf = (name: string) => found.find((one) => one.name === name)?.data;
    // All were written by the profile step and by this file: their shapes are known.
    const [profile, drift] = [dataOf('') as ProfileReport | undefined, dataOf('drift') as DriftReport | undefined];
    const note = found.find(({ name }) => name === DATASET_FINDINGS.drift);
    const noted = note === undefined ? {} : { noted: { batch, at: note.at, drift: note.data as DriftReport } };
    if (profile !== undefined) profiles.push({ batch, profile, drift, ...noted });
  }
  return profiles;
}
