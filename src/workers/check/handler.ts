import { SluiceError } from '../../shared/errors.js';
import type { StepDispatch } from '../../shared/ledger/port.js';
import { datasetOf, type WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import { checkSource } from '../../shared/checks/checkSource.js';

/**
 * Judges the batch by the dataset's checks. A failed check that says `hold` keeps the batch back. Commit point:
 * `commitFindings`. Safe to run twice: the findings of the last attempt stand.
 */
export async function handleCheck(
  context: WorkerContext,
  { claim, manifest, scratch, signal }: StepWork,
): Promise<readonly StepDispatch[]> {
  if (manifest === undefined)
    throw new SluiceError('INTERNAL', `expected a manifest for batch ${claim.batch}, got none`);
  const dataset = datasetOf(context.config, claim.dataset);
  const report = await checkSource({
    session: await scratch.session(),
    source: await scratch.source(manifest, signal),
    columns: manifest.columns,
    checks: dataset.columns,
    tableChecks: dataset.checks,
    signal,
  });
  const findings = report.checks.map((check) => ({
    kind: 'check' as const,
    name: check.name,
    ...(check.column === undefined ? {} : { column: check.column }),
    verdict: check.verdict,
    data: check,
  }));
  return context.ledger.steps.commitFindings(claim, findings, report.hold);
}
