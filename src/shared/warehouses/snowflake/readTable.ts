import { isSluiceError } from '../../errors.js';
import type { TableName } from './identifiers.js';
import type { Run } from './run.js';
import { columnOf } from './run.js';
import type { TypedColumn } from './sql/table.js';
import { describeTable } from './sql/table.js';

/** The columns of a table, in order; undefined when there is none that this role may see. */
export async function readTable(run: Run, table: TableName): Promise<readonly TypedColumn[] | undefined> {
  try {
    const answer = await run(describeTable(table));
    const types = columnOf(answer, 'type');
    return columnOf(answer, 'name').map((name, index) => ({ name: name ?? '', type: types[index] ?? '' }));
  } catch (error) {
    // Snowflake does not tell a table that is absent from one that is forbidden; creating it will.
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** True for Snowflake's "does not exist or not authorized". */
export function isAbsent(error: unknown): boolean {
  return isSluiceError(error) && error.facts['snowflakeCode'] === '002003';
}
