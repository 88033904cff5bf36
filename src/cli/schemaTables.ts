import type { Config, Dataset } from '../shared/config/config.js';
import { toSluiceError } from '../shared/errors.js';
import type { Column } from '../shared/schema/columns.js';
import type { Warehouse } from '../shared/warehouses/port.js';
import { askTable } from '../shared/warehouses/postgres/askTable.js';
import { parseTableName } from '../shared/warehouses/postgres/identifiers.js';
import { planTable } from '../shared/warehouses/postgres/planTable.js';
import type { Output } from './output.js';

/** What the next load does with a table whose columns are not those of the schema. */
export interface TableStep {
  readonly target: string;
  readonly table: string;
  /** It runs these statements first. */
  readonly runs?: readonly string[];
  /** It is refused, until the table's owner changes it. */
  readonly refused?: string;
  /** It could not be looked at. */
  readonly unread?: string;
}

interface Targets {
  readonly config: Pick<Config, 'targets'>;
  readonly warehouse: (target: string) => Pick<Warehouse, 'ask'>;
}

/**
 * What the next load does with each Postgres table of a dataset before it takes rows of these columns; tables that fit, or that are not
 * there yet, are absent. None where a transform decides the columns. A target that is away is
 * an answer, not an error.
 */
export async function planTables(
  { config, warehouse }: Targets,
  { load, transform }: Pick<Dataset, 'load' | 'transform'>,
  columns: readonly Column[],
): Promise<readonly TableStep[]> {
  if (transform !== undefined) return [];
  const steps: TableStep[] = [];
  for (const { target, table } of load) {
    const settings = config.targets[target];
    if (settings?.type !== 'postgres') continue;
    const name = parseTableName(table, settings.schema);
    try {
      const existing = await askTable(warehouse(target), name);
      const { ddl } = planTable(name, columns, existing);
      if (existing !== undefined && ddl.length > 0) steps.push({ target, table, runs: ddl });
    } catch (error) {
      const { code, message } = toSluiceError(error);
      steps.push({
        target,
        table,
        ...(code === 'TARGET_MISMATCH' ? { refused: message } : { unread: `${code}: ${message}` }),
      });
    }
  }
  return steps;
}

/** The same for people. */
export function showTables(output: Output, steps: readonly TableStep[]): void {
  for (const { target, table, runs = [], refused, unread } of steps) {
    for (const statement of runs) output.line(`${target}.${table}: the next load runs ${statement}`);
    if (refused !== undefined)
      output.line(
        output.paint.bad(`${target}.${table}: the next load is refused until its owner changes the table: ${refused}`),
      );
    if (unread !== undefined) output.line(`${target}.${table} could not be looked at: ${unread}`);
  }
}
