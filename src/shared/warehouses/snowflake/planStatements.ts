import { assertNever } from '../../errors.js';
import type { BatchId } from '../../ids.js';
import { asBatchId, asObjectId } from '../../ids.js';
import type { Column } from '../../schema/columns.js';
import type { WriteMode } from '../port.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import type { LoadColumn } from './planTable.js';
import { mergeKeys } from './modes/upsert.js';
import { modes } from './modes/modes.js';
import { planTable } from './planTable.js';
import * as books from './sql/books.js';
import { copyHistory, createPipe, tellErrors } from './sql/pipe.js';
import * as merge from './sql/merge.js';
import * as replace from './sql/replace.js';
import { BEGIN, COMMIT, setSession } from './sql/session.js';
import * as staging from './sql/staging.js';
import type { Statement } from './sql/statement.js';
import { describeTable } from './sql/table.js';
import { createTurn, takeTurn } from './sql/turn.js';
import type { StagedRows } from './sql/write.js';
import { countStaged, insertRows } from './sql/write.js';
import { besideStaging, pipeName, stagedColumns, stageFolder, stagingTable, turnTable } from './stagingNames.js';
import type { StageKind } from './stageFiles.js';
import { stageName } from './stageFiles.js';

/** What a load's statements depend on. */
export interface PlannedLoad {
  readonly table: TableName;
  readonly columns: readonly Column[];
  readonly clusterBy: readonly string[];
  readonly via: 'copy' | 'snowpipe';
  readonly mode: WriteMode;
  /** upsert: columns as delivered. */
  readonly key?: readonly string[] | undefined;
  readonly orderBy?: readonly string[] | undefined;
  /** replace: an example of a partition, or '' for the whole table. */
  readonly scope?: string | undefined;
  readonly stage: StageKind;
  /** A pipe tells it of files that it cannot copy. */
  readonly errorIntegration?: string | undefined;
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
        books.claimLoad(key, {
          manifestHash: 'f'.repeat(64),
          rows: 0,
          scope: load.mode === 'replace' ? (load.scope ?? '') : null,
        }),
        ...enterObjects(load, key),
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
  const beside = besideStaging(temporary);
  const mode = modes[load.mode];
  const turn = turnTable(table, place.table);
  const fields = stagedColumns(columns);
  return [
    {
      step: 'staging',
      statements: [
        ...(mode.takesTurns ? createTurn(turn) : []),
        staging.createStaging(temporary, fields),
        ...(mode.prepare === undefined ? [] : [mode.prepare(beside)]),
        ...puts,
        staging.copyFiles(temporary, fields, { stage, folder, files: names }),
        countStaged(temporary),
      ],
    },
    {
      step: 'transaction: rows',
      statements: [
        BEGIN,
        ...(mode.takesTurns ? [takeTurn(turn)] : []),
        ...writeStatements(load, { staging: temporary, columns, batch, skipped: [] }, beside),
      ],
    },
  ];
}

/** What the mode does with the staged rows. */
function writeStatements(load: PlannedLoad, rows: StagedRows, beside: TableName): readonly Statement[] {
  const { table, batch = EXAMPLE_BATCH } = load;
  const key = { database: table.database, table: tableKey(table), batch, attempt: 1 };
  const objects = [EXAMPLE_OBJECT];
  switch (load.mode) {
    case 'append':
      return [books.findObjects(key, objects), insertRows(table, rows)];
    case 'replace':
      return [
        replace.countNewer(key, load.scope ?? ''),
        replace.findNewer(key, objects),
        ...replace.takeOut(table, beside, { key, scope: load.scope ?? '', objects }),
        insertRows(table, rows),
      ];
    case 'upsert': {
      const keys = mergeKeys({ key: load.key ?? [], orderBy: load.orderBy ?? [], table: key.table }, rows);
      const column = merge.rangeColumn(rows, keys);
      const range: merge.KeyRange | undefined = column && { ...column, bounds: ['', ''] };
      return [
        books.findObjects(key, objects),
        merge.keyRange(rows, keys),
        merge.judgeRows(table, rows, { keys, verdicts: beside, range }),
        merge.countTwice(beside),
        merge.countVerdicts(beside),
        merge.mergeRows(table, rows, { keys, verdicts: beside, range }),
      ];
    }
    default:
      return assertNever(load.mode);
  }
}

/** How the objects enter the books. */
function enterObjects({ mode, table }: PlannedLoad, key: books.LoadKey): readonly Statement[] {
  const entries = [{ object: EXAMPLE_OBJECT, rows: 0 }];
  const beside = besideStaging(stagingTable(table, key));
  if (mode === 'replace') return [replace.claimWhole(key, entries), replace.noteGone(key, beside)];
  return [books.claimObjects(key, entries), ...(mode === 'upsert' ? [merge.noteOverwritten(key, beside)] : [])];
}

function pipeSteps(
  { table, errorIntegration }: PlannedLoad,
  columns: readonly LoadColumn[],
  stage: TableName,
): readonly StatementGroup[] {
  const pipe = pipeName(table, columns);
  return [
    {
      step: 'pipe (files are then named to it over its REST interface)',
      statements: [
        createPipe(pipe, table, { columns, stage, errorIntegration }),
        ...(errorIntegration === undefined ? [] : [tellErrors(pipe, errorIntegration)]),
      ],
    },
    { step: 'what the pipe did', statements: [copyHistory(table, 24)] },
  ];
}
