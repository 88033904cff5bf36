import { SluiceError } from '../../shared/errors.js';
import type { Dataset } from '../../shared/config/config.js';
import { figuresOf } from '../../shared/findings/figures.js';
import type { Manifest } from '../../shared/ledger/manifest.js';
import type { StepDispatch } from '../../shared/ledger/port.js';
import { datasetOf, type WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import { openReferencedValues } from '../referencedValues.js';
import { openReferences } from '../../shared/checks/references.js';
import { checkSource } from '../../shared/checks/checkSource.js';

/**
 * Judges the batch by the dataset's checks. A failed check that says `hold` keeps the batch back. Commit point:
 * `commitFindings`. Safe to run twice: the findings of the last attempt stand.
 */
export async function handleCheck(context: WorkerContext, work: StepWork): Promise<readonly StepDispatch[]> {
  const { claim, manifest, scratch, signal } = work;
  if (manifest === undefined)
    throw new SluiceError('INTERNAL', `expected a manifest for batch ${claim.batch}, got none`);
  const dataset = datasetOf(context.config, claim.dataset);
  const history = await readHistory(context, dataset, manifest);
  const session = await scratch.session();
  const source = await scratch.source(manifest, signal);
  const valuesOf = openReferencedValues(context, work);
  const report = await checkSource({
    session,
    source,
    columns: manifest.columns,
    checks: dataset.columns,
    tableChecks: dataset.checks,
    ...(history === undefined ? {} : { history }),
    references: openReferences({ session, source, folder: scratch.folder, valuesOf, signal }),
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

/** Points that are read: those of batches after this one (it may be checked again) do not count. */
const READ_POINTS = 120;

/** Rows of a file on average, of this batch and of those before it that were accepted; undefined where no check asks for them. */
async function readHistory(
  { ledger }: Pick<WorkerContext, 'ledger'>,
  { name, checks }: Dataset,
  manifest: Manifest,
): Promise<{ readonly rows: number; readonly past: readonly number[] } | undefined> {
  if (!checks.some(({ metric }) => metric === 'rowCountChange')) return undefined;
  const { points } = await ledger.anomalies.history(name, READ_POINTS);
  const rowsOf = (figures: ReturnType<typeof figuresOf>) =>
    figures.flatMap(({ metric, value }) => (metric === 'rowCount' ? [value] : []));
  const [rows = 0] = rowsOf(figuresOf(manifest, undefined));
  return { rows, past: points.filter(({ batch }) => batch < manifest.batch).flatMap(({ figures }) => rowsOf(figures)) };
}
