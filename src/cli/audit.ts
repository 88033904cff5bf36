import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditedObject } from '../workers/maintain/audit.js';
import { auditDataset } from '../workers/maintain/audit.js';
import { type DeepTable, deepAudit, NAMED } from '../workers/maintain/deep/deepAudit.js';
import type { AuditVerdict } from '../workers/maintain/judgeObject.js';
import type { NewAlert } from '../shared/ledger/port.js';
import { openAuditTally } from '../workers/maintain/auditNote.js';
import { datasetOf } from '../workers/context.js';
import { type Output, showNumber } from './output.js';
import type { Services } from './services.js';

/** The answer of `sluice audit`. */
export interface AuditReport {
  /** True when every object is accounted for in every target. */
  readonly balanced: boolean;
  readonly objects: readonly AuditedObject[];
  /** With `--deep`: every table, compared with the artifacts row by row. */
  readonly deep?: readonly DeepTable[];
}

/** Counts every object of the datasets through to the targets, and keeps the result in the ledger: what does not balance is told to the receivers of alerts. */
export async function auditDatasets(
  { config, ledger, warehouse }: Pick<Services, 'config' | 'ledger' | 'warehouse'>,
  datasets: readonly string[],
  signal: AbortSignal,
): Promise<AuditReport> {
  const objects: AuditedObject[] = [];
  for (const dataset of datasets) {
    const loads = datasetOf(config, dataset).load.map(({ target, table }) => ({ target, table }));
    const tally = openAuditTally(dataset);
    for await (const page of auditDataset({ ledger: ledger.read, warehouse, dataset, loads, signal })) {
      tally.add(page);
      objects.push(...page);
    }
    await ledger.custody.noteAudit(tally.note());
  }
  return { balanced: objects.every(({ verdict }) => verdict === 'balanced'), objects };
}

/** The same, and compares the rows of every table with the artifacts. */
export async function auditDeeply(
  services: Services,
  datasets: readonly string[],
  signal: AbortSignal,
): Promise<AuditReport> {
  const { config, ledger, engine, lake, sourceStore, warehouse } = services;
  const report = await auditDatasets(services, datasets, signal);
  const scratch = await mkdtemp(join(config.worker.scratch ?? tmpdir(), 'sluice-audit-'));
  const deep: DeepTable[] = [];
  try {
    for (const name of datasets) {
      const dataset = datasetOf(config, name);
      const stores = { lake, sourceStore, warehouse };
      const tables = await deepAudit({ config, dataset, ledger: ledger.read, engine, ...stores, scratch, signal });
      deep.push(...tables);
      await ledger.alerts.raise(deepAlerts(name, tables));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { ...report, balanced: report.balanced && deep.every(({ verdict }) => verdict === 'same'), deep };
}

/** Tables that differ from the artifacts, or could not be compared. */
function deepAlerts(dataset: string, tables: readonly DeepTable[]): readonly NewAlert[] {
  return tables
    .filter(({ verdict }) => verdict !== 'same')
    .map(({ target, table, verdict, differences, reason }) => ({
      kind: 'audit',
      dataset,
      name: `rows of ${target}.${table}`,
      facts: {
        objects: new Set(differences.map(({ uri }) => uri)).size,
        rows: differences.length,
        verdict,
        ...(reason === undefined ? {} : { reason }),
      },
    }));
}

/** The audit for people: what does not balance, then the tallies. */
export function showAudit(output: Output, { balanced, objects, deep = [] }: AuditReport): void {
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
  if (deep.length > 0) showDeep(output, deep);
  const tally = new Map<AuditVerdict, number>();
  for (const { verdict } of objects) tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
  const counts = [...tally].map(([verdict, count]) => `${showNumber(count)} ${verdict}`).join(', ') || 'no objects';
  const odd = deep.filter(({ verdict }) => verdict !== 'same').length;
  const tables = odd === 0 ? '' : `; ${showNumber(odd)} of ${showNumber(deep.length)} tables not as the files are`;
  output.line(`${balanced ? output.paint.good('balanced') : output.paint.bad('not balanced')}: ${counts}${tables}`);
}

function showDeep(output: Output, deep: readonly DeepTable[]): void {
  output.table(
    ['table', 'batches', 'rows', 'compared', 'reason', 'not compared'],
    deep.map(({ target, table, batches, rows, verdict, reason, notCompared }) => [
      `${target}.${table}`,
      batches,
      rows,
      verdict === 'same' ? 'same' : output.paint.bad(verdict === 'unverified' ? 'UNVERIFIED' : verdict),
      reason,
      notCompared.join(', '),
    ]),
  );
  const differences = deep.flatMap(({ differences: found, table }) => found.map((one) => ({ table, ...one })));
  if (differences.length > 0) {
    output.line();
    output.table(
      ['table', 'object', 'row', 'difference', 'columns'],
      differences.map(({ table, uri, row, kind, columns = [] }) => [table, uri, row, kind, columns.join(', ')]),
    );
    if (deep.some(({ differences: found }) => found.length >= NAMED))
      output.line(`The comparison of a table ends at ${NAMED} rows: there may be more.`);
  }
  output.line();
}
