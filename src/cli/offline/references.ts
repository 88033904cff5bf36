import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReferencedValues, ValuesOf } from '../../shared/checks/references.js';
import type { FileFormat } from '../../shared/config/dataset.js';
import { referencesOf } from '../../shared/config/references.js';
import { SluiceError } from '../../shared/errors.js';
import { quoteName } from '../../shared/schema/columns.js';
import type { Contract } from './contract.js';
import { groupReferences, type OfflineWork } from './session.js';
import { lookInto } from './source.js';

/** Reads the values of other datasets from the files that stand for them. */
export function readReferences(work: OfflineWork, format: FileFormat): ValuesOf {
  return async ({ dataset, column }) => {
    const files = work.references.get(dataset) ?? [];
    const other = {
      ...work,
      files,
      scratch: join(work.scratch, 'references', dataset.replaceAll(/\W/g, '_'), column.replaceAll(/\W/g, '_')),
    };
    await mkdir(other.scratch, { recursive: true });
    const { found, objects } = await lookInto(other, format, async ({ source, columns }): Promise<ReferencedValues> => {
      const known = columns.find(({ name }) => name.toLowerCase() === column.toLowerCase());
      if (known === undefined) return { kind: 'fault', reason: `${dataset} has no column ${JSON.stringify(column)}` };
      return { kind: 'values', source: `(SELECT ${quoteName(known.name)} AS v FROM ${source})`, type: known.type };
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
