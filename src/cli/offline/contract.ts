import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { describeIssue, isCircular, nameFaults } from '../../shared/config/faults.js';
import { describeFault } from '../../shared/config/load.js';
import { SluiceError } from '../../shared/errors.js';
import { type Checks, checksSchema, type Imported, importOdcs, isOdcs } from '../../shared/findings/odcs/importOdcs.js';

/** A contract: the `columns` and `checks` of a dataset, in a file of their own; or a data contract of ODCS v3. */
export type Contract = Checks;

/** Reads a contract file (YAML or JSON). Throws USAGE when it is not there, CONFIG_INVALID with every fault at once. */
export async function readContract(file: string, { object }: { object?: string | undefined } = {}): Promise<Imported> {
  const document = await readYaml(file);
  try {
    if (isOdcs(document)) return importOdcs(document, { object });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(error.code, `${file}: ${error.message}`, { cause: error });
  }
  const parsed = checksSchema.safeParse(document);
  const faults = [
    ...nameFaults(document),
    ...(parsed.error?.issues ?? []).flatMap((issue) => describeIssue(issue, document)),
  ];
  if (parsed.success && faults.length === 0) return { ...parsed.data, notTaken: [] };
  throw new SluiceError(
    'CONFIG_INVALID',
    `${file}: ${faults.length} fault(s)\n${faults.map(describeFault).join('\n')}`,
  );
}

async function readYaml(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new SluiceError('USAGE', `expected a contract file at ${file}, got none`, { cause: error });
  });
  const document = parseDocument(text);
  const [syntax] = document.errors;
  if (syntax !== undefined)
    throw new SluiceError('CONFIG_INVALID', `${file}: expected valid YAML, got ${syntax.message}`);
  const value: unknown = document.toJS();
  if (isCircular(value))
    throw new SluiceError('CONFIG_INVALID', `${file}: expected values, got an alias that leads back to itself`);
  return value;
}
