import { fieldKind } from '../../engine/encoders/binaryLayout.js';
import type { BatchId } from '../../ids.js';
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

/**
 * Selects the batch's columns in their wire types, and the provenance. Columns of bytes come
 * last: the binary encoding moves neighbours as one.
 */
export function selectRows(columns: readonly WireColumn[], batch: BatchId, source: string): RowSelect {
  const fields = [
    ...columns.map((column) => ({ value: wireValue(column), type: column.wire, target: column.target })),
    { value: `${quoteText(batch)}::UUID`, type: 'UUID', target: '_sluice_batch' },
    ...PROVENANCE_COLUMNS.map(({ name, type }) => ({ value: quoteName(name), type, target: name })),
  ].sort((one, other) => Number(hasBytes(one.type)) - Number(hasBytes(other.type)));
  return {
    sql: `SELECT ${fields.map(({ value, target }) => `${value} AS ${quoteName(target)}`).join(', ')} FROM ${source}`,
    types: fields.map(({ type }) => type),
    targets: fields.map(({ target }) => target),
  };
}

function hasBytes(type: string): boolean {
  return fieldKind(type)?.kind === 'bytes';
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
