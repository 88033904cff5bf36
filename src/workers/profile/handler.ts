import { SluiceError } from '../../shared/errors.js';
import { compareProfiles } from '../../shared/findings/drift.js';
import { mergeProfiles } from '../../shared/findings/mergeProfiles.js';
import type { ProfileReport } from '../../shared/findings/reports.js';
import type { Finding, StepDispatch } from '../../shared/ledger/port.js';
import type { WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import { profileSource } from './profileSource.js';

/** Profiles the batch's artifacts and says what is not as it was in the last accepted batches. Commit point: `commitFindings`. Safe to run twice: the findings of the last attempt stand. */
export async function handleProfile(
  context: WorkerContext,
  { claim, manifest, scratch, signal }: StepWork,
): Promise<readonly StepDispatch[]> {
  if (manifest === undefined)
    throw new SluiceError('INTERNAL', `expected a manifest for batch ${claim.batch}, got none`);
  const report = await profileSource({
    session: await scratch.session(),
    source: await scratch.source(manifest, signal),
    columns: manifest.columns,
    bytes: manifest.bytes.out,
    signal,
  });
  const drift = await findDrift(context, claim, report);
  const found: readonly Finding[] = [{ kind: 'profile', name: '', data: report }, ...drift];
  return context.ledger.steps.commitFindings(claim, found, false);
}

/** Profiles that a batch is compared with. */
const COMPARED = 5;
/** Among how many batches they are looked for: some are held or not loaded yet. */
const LOOKED_AT = 20;

/** What is not as it was in the last accepted batches; no finding when there is none to compare with. */
async function findDrift(
  { ledger }: Pick<WorkerContext, 'ledger'>,
  { dataset, batch }: StepWork['claim'],
  report: ProfileReport,
): Promise<readonly Finding[]> {
  const accepted = (await ledger.read.batches(dataset, LOOKED_AT))
    .filter((row) => row.batch !== batch && (row.state === 'judged' || row.state === 'loaded'))
    .slice(0, COMPARED);
  const before: ProfileReport[] = [];
  for (const row of accepted) {
    const [profile] = await ledger.read.findings({ batch: row.batch, kind: 'profile', limit: 1 });
    // Written by this very step: its shape is known.
    if (profile !== undefined) before.push(profile.data as ProfileReport);
  }
  if (before.length === 0) return [];
  const data = compareProfiles(report, mergeProfiles(before));
  return [{ kind: 'profile', name: 'drift', verdict: data.drifts.length > 0 ? 'warn' : 'pass', data }];
}
