import { SluiceError } from '../../shared/errors.js';
import type { ProfileReport } from '../../shared/findings/reports.js';
import type { SkewReport } from '../../shared/findings/skew.js';
import type { StepDispatch } from '../../shared/ledger/port.js';
import { datasetOf, type WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import { skewColumns } from '../../shared/skew/skewColumns.js';
import { skewSource } from '../../shared/skew/skewSource.js';

/**
 * Finds hot keys of the columns that the dataset names, or of those that its profile suggests. Commit point:
 * `commitFindings`. Safe to run twice: the findings of the last attempt stand.
 */
export async function handleSkew(context: WorkerContext, work: StepWork): Promise<readonly StepDispatch[]> {
  const { claim, manifest } = work;
  if (manifest === undefined)
    throw new SluiceError('INTERNAL', `expected a manifest for batch ${claim.batch}, got none`);
  const dataset = datasetOf(context.config, claim.dataset);
  const place = {
    session: await work.scratch.session(),
    source: await work.scratch.source(manifest, work.signal),
    signal: work.signal,
  };
  const { threshold } = dataset.skew;
  const reports: SkewReport[] = [];
  const delivered = new Set(manifest.columns.map(({ name }) => name));
  for (const key of dataset.skew.keys.filter((name) => delivered.has(name))) {
    reports.push(await skewSource({ ...place, key: [key], columns: manifest.columns, threshold }));
  }
  if (dataset.skew.keys.length === 0) {
    const profile = await findProfile(context, work);
    if (profile !== undefined) reports.push(...(await skewColumns({ ...place, profile, threshold })));
  }
  const findings = reports.map((report) => ({
    kind: 'skew' as const,
    name: report.key.join(', '),
    column: report.key[0] ?? '',
    data: report,
  }));
  return context.ledger.steps.commitFindings(claim, findings, false);
}

async function findProfile(context: WorkerContext, { claim }: StepWork): Promise<ProfileReport | undefined> {
  const [finding] = await context.ledger.read.findings({ batch: claim.batch, kind: 'profile', limit: 1 });
  // Written by the profile step of this very program: its shape is known.
  return finding === undefined ? undefined : (finding.data as ProfileReport);
}
