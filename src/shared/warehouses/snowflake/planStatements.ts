import type { BatchId } from '../../ids.js';
import { asBatchId, asObjectId } from '../../ids.js';
import type { Column } from '../../schema/columns.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import type { LoadColumn } from './planTable.js';
import { planTable } from './planTable.js';
import * as books from './sql/books.js';
import { copyHistory, createPipe } from './sql/pipe.js';
import { BEGIN, COMMIT, setSession } from './sql/session.js';
import * as staging from './sql/staging.js';
import type { Statement } from './sql/statement.js';
import { describeTable } from './sql/table.js';
import { countStaged, insertRows } from './sql/write.js';
import { pipeName, stagedColumns, stageFolder, stagingTable } from './stagingNames.js';
import type { StageKind } from './stageFiles.js';
import { stageName } from './stageFiles.js';

/** What a load's statements depend on. */
export interface PlannedLoad {
  readonly table: TableName;
  readonly columns: readonly Column[];
  readonly clusterBy: readonly string[];
  readonly via: 'copy' | 'snowpipe';
  readonly stage: StageKind;
  readonly queryTag: string;
  /** Keys of the artifacts; an example where there are none yet. */
  readonly files: readonly string[];
  readonly batch?: BatchId;
}

/** Statements of one step of a load, in order. */
export interface StatementGroup {
  readonly step: string;
  readonly statements: readonly Statement[];
}

/** A batch that no load has: stands in plans for the batch to come. */
export const EXAMPLE_BATCH = asBatchId('00000000-0000-7000-8000-000000000000');

/** The object of plans. */
const EXAMPLE_OBJECT = asObjectId('00000000-0000-8000-8000-000000000000');

/** Every statement of one load as it will be run into a table that is not there yet, in order; pure. Errors: TARGET_MISMATCH. */
export function planStatements(load: PlannedLoad): readonly StatementGroup[] {
  const { table, columns, clusterBy, queryTag, batch = EXAMPLE_BATCH } = load;
  const { database } = table;
  const key = { database, table: tableKey(table), batch, attempt: 1 };
  const plan = planTable(table, columns, { clusterBy });
  const stage = { database, schema: books.BOOKS_SCHEMA, name: stageName(load.stage) };
  const created =
    load.stage.kind === 'external'
      ? staging.createExternalStage(stage, load.stage.url, load.stage.integration)
      : staging.createInternalStage(stage);
  return [
    {
      step: 'settings of the session',
      statements: [setSession({ queryTag, statementTimeoutS: 3600, lockTimeoutS: 120 })],
    },
    { step: 'books and stage, once', statements: [...books.createBooks(database), created] },
    { step: 'fence', statements: [books.raiseFence(key), books.findLoad(key), books.readFence(key)] },
    { step: 'table', statements: [describeTable(table), ...plan.ddl] },
    ...(load.via === 'snowpipe' ? pipeSteps(load, plan.columns, stage) : copySteps(load, plan.columns, stage)),
    {
      step: 'transaction: fence and books',
      statements: [
        ...(load.via === 'snowpipe' ? [BEGIN] : []),
        books.lockFence(key),
        books.readFence(key),
        books.claimLoad(key, 'f'.repeat(64), 0),
        books.claimObjects(key, [{ object: EXAMPLE_OBJECT, rows: 0 }]),
        COMMIT,
      ],
    },
  ];
}

function copySteps(load: PlannedLoad, columns: readonly LoadColumn[], stage: TableName): readonly StatementGroup[] {
  const { table, files, batch = EXAMPLE_BATCH } = load;
  const place = { batch, attempt: 1, table: tableKey(table) };
  const temporary = stagingTable(table, place);
  const internal = load.stage.kind === 'internal';
  const folder = internal ? `${stageFolder(place)}1/` : '';
  const names = internal ? files.map((file) => file.split('/').at(-1) ?? file) : files;
  const puts = internal ? names.map((name) => staging.putFile(stage, folder, `/scratch/${name}`)) : [];
  const fields = stagedColumns(columns);
  return [
    {
      step: 'staging',
      statements: [
        staging.createStaging(temporary, fields),
        ...puts,
        staging.copyFiles(temporary, fields, { stage, folder, files: names }),
        countStaged(temporary),
      ],
    },
    {
      step: 'transaction: rows',
      statements: [
        books.findObjects({ ...place, database: table.database }, [EXAMPLE_OBJECT]),
        BEGIN,
        insertRows(table, { staging: temporary, columns, batch, skipped: [] }),
      ],
    },
  ];
}

function pipeSteps(
  { table }: PlannedLoad,
  columns: readonly LoadColumn[],
  stage: TableName,
): readonly StatementGroup[] {
  const pipe = pipeName(table, columns);
  return [
    {
      step: 'pipe (files are then named to it over its REST interface)',
      statements: [createPipe(pipe, table, { columns, stage })],
    },
    { step: 'what the pipe did', statements: [copyHistory(table, 24)] },
  ];
}
