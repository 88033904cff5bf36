import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { datasetSchema } from '../../shared/config/dataset.js';
import { SluiceError } from '../../shared/errors.js';

/** A contract: the `columns` and `checks` of a dataset, in a file of their own. */
const contractSchema = datasetSchema.pick({ columns: true, checks: true });
export type Contract = z.infer<typeof contractSchema>;

/** Reads a contract file (YAML or JSON). Throws USAGE when it is not there, CONFIG_INVALID with every fault at once. */
export async function readContract(file: string): Promise<Contract> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new SluiceError('USAGE', `expected a contract file at ${file}, got none`, { cause: error });
  });
  const document = parseDocument(text);
  const [syntax] = document.errors;
  if (syntax !== undefined)
    throw new SluiceError('CONFIG_INVALID', `${file}: expected valid YAML, got ${syntax.message}`);
  const parsed = contractSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw new SluiceError('CONFIG_INVALID', `${file}:\n${z.prettifyError(parsed.error)}`);
}
