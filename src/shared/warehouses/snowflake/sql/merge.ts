import { quoteName } from '../../../schema/columns.js';
import type { TableName } from '../identifiers.js';
import { quoteTable } from '../identifiers.js';
import { tableValue } from '../types.js';
import type { Bind, Statement } from './statement.js';
import { statement } from './statement.js';
import type { StagedRows } from './write.js';
import { selectNewest } from './write.js';

/** How rows of one key meet. Names are those of the target table. */
export interface MergeKeys {
  readonly key: readonly string[];
  /** Later values win; none: the later batch wins. */
  readonly orderBy: readonly string[];
}

/** The least and the greatest staged value of the key's first column: two columns of one row. */
export function keyRange({ staging, columns }: StagedRows, { key }: MergeKeys): Statement {
  const first = columns.find(({ target }) => target === key[0]);
  const value = tableValue(first?.type ?? '', `s.${quoteName(key[0] ?? '')}`);
  return statement([
    `SELECT CAST(MIN(${value}) AS VARCHAR) AS "LEAST_KEY", CAST(MAX(${value}) AS VARCHAR) AS "GREATEST_KEY" FROM ${quoteTable(staging)} AS s`,
  ]);
}

/**
 * Merges the staged rows: of each key the newest, which replaces the stored row unless that is newer. The key's range stands in the
 * condition as literals, so that Snowflake reads only the partitions that can match; and no OR, which would make it read them all.
 */
export function mergeRows(
  table: TableName,
  rows: StagedRows,
  { keys, range }: { readonly keys: MergeKeys; readonly range: readonly [Bind, Bind] },
): Statement {
  const { key, orderBy } = keys;
  const own = ['_SLUICE_BATCH', '_SLUICE_OBJECT', '_SLUICE_ROW', '_SLUICE_LOADED_AT'];
  const all = [...rows.columns.map(({ target }) => target), ...own].map(quoteName);
  const changed = all.filter((name) => !key.map(quoteName).includes(name));
  const first = `t.${quoteName(key[0] ?? '')}`;
  return statement(
    [
      `MERGE INTO ${quoteTable(table)} AS t USING (${selectNewest(rows, keys)}) AS n`,
      `ON ${key.map((name) => `t.${quoteName(name)} = n.${quoteName(name)}`).join(' AND ')}`,
      `AND ${first} >= ? AND ${first} <= ?`,
      `WHEN MATCHED${newer(orderBy)} THEN UPDATE SET ${changed.map((name) => `${name} = n.${name}`).join(', ')}`,
      `WHEN NOT MATCHED THEN INSERT (${all.join(', ')}) VALUES (${all.map((name) => `n.${name}`).join(', ')})`,
    ],
    range,
  );
}

/** The incoming row is at least as new as the stored one; what has no value is the oldest. */
function newer(orderBy: readonly string[]): string {
  if (orderBy.length === 0) return '';
  const steps = orderBy.flatMap((name) => {
    const [stored, incoming] = [`t.${quoteName(name)}`, `n.${quoteName(name)}`];
    return [
      `WHEN ${stored} IS NULL AND ${incoming} IS NOT NULL THEN TRUE`,
      `WHEN ${stored} IS NOT NULL AND ${incoming} IS NULL THEN FALSE`,
      `WHEN ${incoming} > ${stored} THEN TRUE`,
      `WHEN ${incoming} < ${stored} THEN FALSE`,
    ];
  });
  return ` AND CASE ${steps.join(' ')} ELSE TRUE END`;
}
