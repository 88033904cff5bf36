import { SluiceError } from '../../shared/errors.js';
import type { Column } from '../../shared/schema/columns.js';
import type { Io } from '../io.js';
import { withServices } from '../withServices.js';
import { parseColumns } from './planLoads.js';

/** The columns of --columns. Throws USAGE. */
export function readColumns(text: string): readonly Column[] {
  const columns = parseColumns(text);
  if (columns !== undefined) return columns;
  throw new SluiceError('USAGE', `expected --columns such as "id BIGINT, at TIMESTAMP", got ${text}`);
}

/** A dataset's columns, which the ledger has after its first batch. Throws USAGE. */
export function requireColumns(columns: readonly Column[] | undefined, dataset: string): readonly Column[] {
  if (columns !== undefined) return columns;
  throw new SluiceError(
    'USAGE',
    `expected a schema of ${dataset} in the ledger, got none yet: run it once, or give --columns`,
  );
}

/** The same, asked of the ledger. Throws USAGE, LEDGER_AWAY. */
export async function ledgerColumns(io: Io, dataset: string): Promise<readonly Column[]> {
  return await withServices(io, { part: 'once', queue: false }, async ({ ledger }) =>
    requireColumns((await ledger.read.schema(dataset))?.columns, dataset),
  );
}
