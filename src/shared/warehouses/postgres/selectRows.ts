import type { BatchId, ObjectId } from '../../ids.js';
import { PROVENANCE_COLUMNS, quoteName, quoteText } from '../../schema/columns.js';
import { createdType } from './types.js';
import type { WireColumn } from './planTable.js';

/** The batch's rows as the engine selects them for the target. */
export interface RowSelect {
  readonly sql: string;
  readonly types: readonly string[];
  readonly targets: readonly string[];
}

/** How the engine's error begins when a value is finer than Postgres can hold; the column follows. */
export const FINER_THAN_MICROSECONDS = 'expected whole microseconds, got nanoseconds in column';

/** Selects the batch's columns in their wire types, then the provenance; rows of the skipped objects stay away. */
export function selectRows(
  columns: readonly WireColumn[],
  batch: BatchId,
  source: string,
  skipped: readonly ObjectId[],
): RowSelect {
  const fields = columns.map((column) => `${wireValue(column)} AS ${quoteName(column.target)}`);
  const own = [`${quoteText(batch)}::UUID AS _sluice_batch`, ...PROVENANCE_COLUMNS.map(({ name }) => quoteName(name))];
  const without = skipped.map((object) => `${quoteText(object)}::UUID`).join(', ');
  const where = skipped.length === 0 ? '' : ` WHERE _sluice_object NOT IN (${without})`;
  return {
    sql: `SELECT ${[...fields, ...own].join(', ')} FROM ${source}${where}`,
    types: [...columns.map(({ wire }) => wire), 'UUID', ...PROVENANCE_COLUMNS.map(({ type }) => type)],
    targets: [...columns.map(({ target }) => target), '_sluice_batch', ...PROVENANCE_COLUMNS.map(({ name }) => name)],
  };
}

function wireValue({ source, type, wire }: WireColumn): string {
  const value = quoteName(source);
  if (wire === type) return value;
  if (wire === 'JSON') return `to_json(${value})`;
  if (wire === 'VARCHAR' && createdType(type) === 'jsonb') return `CAST(to_json(${value}) AS VARCHAR)`;
  if (type !== 'TIMESTAMP_NS') return `CAST(${value} AS ${wire})`;
  // Postgres counts microseconds: what is finer must not be cut in silence.
  const fault = `${FINER_THAN_MICROSECONDS} ${source}`;
  return `CASE WHEN epoch_ns(${value}) % 1000 <> 0 THEN error(${quoteText(fault)}) ELSE ${value}::${wire} END`;
}
