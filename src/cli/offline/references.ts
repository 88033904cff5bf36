import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lackingColumns, namesIn, type ReferencedValues, type ValuesOf } from '../../shared/checks/references.js';
import type { FileFormat } from '../../shared/config/dataset.js';
import { referencesOf } from '../../shared/config/references.js';
import { SluiceError } from '../../shared/errors.js';
import { quoteName } from '../../shared/schema/columns.js';
import type { Contract } from './contract.js';
import { groupReferences, type OfflineWork } from './session.js';
import { lookInto } from './source.js';

/** Reads the values of other datasets from the files that stand for them. */
export function readReferences(work: OfflineWork, format: FileFormat): ValuesOf {
  return async (reference) => {
    const { dataset, columns: wanted } = reference;
    const files = work.references.get(dataset) ?? [];
    const other = {
      ...work,
      files,
      scratch: join(
        work.scratch,
        'references',
        dataset.replaceAll(/\W/g, '_'),
        wanted.join('_').replaceAll(/\W/g, '_'),
      ),
    };
    await mkdir(other.scratch, { recursive: true });
    const { found, objects } = await lookInto(other, format, async ({ source, columns }): Promise<ReferencedValues> => {
      const names = namesIn(columns, reference);
      if (names === undefined) return { kind: 'fault', reason: lackingColumns(reference) };
      const fields = names.map((name, at) => `${quoteName(name)} AS v${at}`).join(', ');
      const types = names.map((name) => columns.find((column) => column.name === name)?.type ?? '');
      return { kind: 'values', source: `(SELECT ${fields} FROM ${source})`, types };
    });
    const bad = objects.find(({ state }) => state === 'quarantined');
    return bad === undefined
      ? found
      : { kind: 'fault', reason: `expected all files of ${dataset} to be read, got ${bad.uri}: ${bad.reason ?? ''}` };
  };
}

/** Throws USAGE for datasets that a contract refers to and no files stand for: nothing of it would be judged. */
export function checkReferences(contract: Contract, given: readonly string[] = []): void {
  const named = groupReferences(given);
  const lacking = [...new Set(referencesOf(contract).map(({ dataset }) => dataset))].filter((name) => !named.has(name));
  if (lacking.length === 0) return;
  const flags = lacking.map((name) => `--reference ${name}=FILES`).join(' ');
  throw new SluiceError('USAGE', `expected ${flags}: the contract refers to ${lacking.join(', ')}`);
}
