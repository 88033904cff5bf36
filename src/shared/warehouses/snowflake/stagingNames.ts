import { createHash } from 'node:crypto';
import type { TableName } from './identifiers.js';
import type { LoadColumn } from './planTable.js';
import { BOOKS_SCHEMA } from './sql/books.js';
import type { StagedColumn } from './sql/staging.js';

/** The staging table of one attempt at one load. */
export function stagingTable(
  { database }: Pick<TableName, 'database'>,
  load: { batch: string; attempt: number; table: string },
): TableName {
  const place = placeOf(load.table);
  const name = `STG_${load.batch.replaceAll('-', '')}_${load.attempt}_${place}`.toUpperCase();
  return { database, schema: BOOKS_SCHEMA, name };
}

/** What a mode keeps beside the staging table. */
export function besideStaging(staging: TableName): TableName {
  return { ...staging, name: `${staging.name}_B` };
}

/** The table whose lock is the turn to write into a table. */
export function turnTable({ database }: Pick<TableName, 'database'>, table: string): TableName {
  return { database, schema: BOOKS_SCHEMA, name: `TURN_${placeOf(table).toUpperCase()}` };
}

/** The folder of the stage for what attempts at one load put. */
export function stageFolder({ batch, table }: { batch: string; table: string }): string {
  return `${batch}_${placeOf(table)}/`;
}

/** The pipe of a table and its columns: what a pipe copies cannot be changed, so other columns are another pipe. */
export function pipeName(table: TableName, columns: readonly LoadColumn[]): TableName {
  const digest = createHash('sha256').update(JSON.stringify(columns)).digest('hex').slice(0, 8).toUpperCase();
  return { ...table, name: `${table.name}_PIPE_${digest}` };
}

/** The columns of a staging table, and the artifacts' fields that fill them. */
export function stagedColumns(columns: readonly LoadColumn[]): readonly StagedColumn[] {
  return [
    ...columns.map(({ source, target, staged: type }) => ({ source, name: target, type })),
    { source: '_sluice_object', name: '_SLUICE_OBJECT', type: 'VARCHAR' },
    { source: '_sluice_row', name: '_SLUICE_ROW', type: 'NUMBER(19,0)' },
  ];
}

function placeOf(table: string): string {
  return createHash('sha256').update(table).digest('hex').slice(0, 8);
}
