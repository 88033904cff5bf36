import { SluiceError } from '../../shared/errors.js';
import type { StepDispatch } from '../../shared/ledger/port.js';
import type { WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import { profileSource } from './profileSource.js';

/** Profiles the batch's artifacts. Commit point: `commitFindings`. Safe to run twice: the findings of the last attempt stand. */
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
  return context.ledger.steps.commitFindings(claim, [{ kind: 'profile', name: '', data: report }], false);
}
