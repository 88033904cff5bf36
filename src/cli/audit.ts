import type { AuditedObject } from '../workers/maintain/audit.js';
import { auditDataset } from '../workers/maintain/audit.js';
import type { AuditVerdict } from '../workers/maintain/judgeObject.js';
import { datasetOf } from '../workers/context.js';
import { type Output, showNumber } from './output.js';
import type { Services } from './services.js';

/** The answer of `sluice audit`. */
export interface AuditReport {
  /** True when every object is accounted for in every target. */
  readonly balanced: boolean;
  readonly objects: readonly AuditedObject[];
}

/** Counts every object of the datasets through to the targets. */
export async function auditDatasets(
  { config, ledger, warehouse }: Pick<Services, 'config' | 'ledger' | 'warehouse'>,
  datasets: readonly string[],
  signal: AbortSignal,
): Promise<AuditReport> {
  const objects: AuditedObject[] = [];
  for (const dataset of datasets) {
    const loads = datasetOf(config, dataset).load.map(({ target, table }) => ({ target, table }));
    for await (const page of auditDataset({ ledger: ledger.read, warehouse, dataset, loads, signal }))
      objects.push(...page);
  }
  return { balanced: objects.every(({ verdict }) => verdict === 'balanced'), objects };
}

/** The audit for people: what does not balance, then the tallies. */
export function showAudit(output: Output, { balanced, objects }: AuditReport): void {
  const bad = objects.filter(({ verdict }) => verdict !== 'balanced');
  if (bad.length > 0) {
    output.table(
      ['object', 'state', 'verdict', 'rows in', 'set aside', 'at the targets'],
      bad.map((object) => [
        object.uri,
        object.state,
        object.verdict === 'unverified' ? 'UNVERIFIED' : object.verdict,
        object.rowsIn,
        object.rowsQuarantined + object.rowsDeduplicated + object.rowsFiltered,
        Object.entries(object.targets)
          .map(([name, count]) => `${name}: ${'error' in count ? count.error : showNumber(count.present)}`)
          .join(', '),
      ]),
    );
    output.line();
  }
  const tally = new Map<AuditVerdict, number>();
  for (const { verdict } of objects) tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
  const counts = [...tally].map(([verdict, count]) => `${showNumber(count)} ${verdict}`).join(', ') || 'no objects';
  output.line(`${balanced ? output.paint.good('balanced') : output.paint.bad('not balanced')}: ${counts}`);
}
