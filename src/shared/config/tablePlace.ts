import { isSluiceError } from '../errors.js';
import { parseTableName, tableKey } from '../warehouses/postgres/identifiers.js';
import { parseTableName as parseSnowflakeTable } from '../warehouses/snowflake/identifiers.js';
import type { Config } from './config.js';

/** The same text for the same table, however its target and its name are written. Pure. */
export function placeOf(
  targets: Config['targets'],
  { target, table }: { readonly target: string; readonly table: string },
): string {
  const house = targets[target];
  try {
    if (house?.type === 'postgres') return `${house.url} ${tableKey(parseTableName(table, house.schema))}`;
    if (house?.type === 'snowflake') {
      const { database, schema, name } = parseSnowflakeTable(table, house);
      return `${house.account} ${JSON.stringify([database, schema, name])}`;
    }
  } catch (error) {
    // A name that is none is told where it is read.
    if (!isSluiceError(error, 'CONFIG_INVALID')) throw error;
  }
  return `${target} ${table}`;
}
