import type { Config, Dataset } from '../shared/config/config.js';
import { toSluiceError } from '../shared/errors.js';
import { type CopyUnderWay, readCopies } from '../shared/warehouses/postgres/rivals.js';
import { type Output, showBytes } from './output.js';
import type { Services } from './services.js';

/** Rows on their way into a table of a target. */
export interface CopyView extends CopyUnderWay {
  readonly target: string;
  readonly table: string;
}

interface Asking extends Pick<Services, 'warehouse'> {
  readonly targets: Readonly<Record<string, Pick<Config['targets'][string], 'type' | 'schema'>>>;
  readonly note: Output['note'];
}

/** The dataset's loads whose rows flow into Postgres now. A target that does not answer is a note: what the ledger knows is told anyway. */
export async function listCopies(
  { targets, warehouse, note }: Asking,
  { load }: Pick<Dataset, 'load'>,
): Promise<readonly CopyView[]> {
  const found: CopyView[] = [];
  for (const { target, table } of load) {
    const settings = targets[target];
    if (settings?.type !== 'postgres') continue;
    try {
      const copies = await readCopies(warehouse(target), { table, schema: settings.schema });
      found.push(...copies.map((copy) => ({ target, table, ...copy })));
    } catch (error) {
      note(`what flows into ${target} is not known: ${toSluiceError(error).message}`);
    }
  }
  return found;
}

/** Loads under way, for people; nothing where there are none. */
export function showCopies(output: Output, copies: readonly CopyView[]): void {
  if (copies.length === 0) return;
  output.table(
    ['flowing into', 'table', 'rows so far', 'bytes', 'rows/s', 'seconds', 'batch', 'attempt'],
    copies.map(({ target, table, rows, bytes, seconds, batch, attempt }) => [
      target,
      table,
      rows,
      showBytes(bytes),
      Math.round(rows / Math.max(seconds, 0.1)),
      seconds,
      batch,
      attempt,
    ]),
  );
}
