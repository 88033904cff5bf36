import type { LoadReceipt, LoadRequest } from '../port.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import { countMismatch, enterBooks, readLoad, requireAttempt } from './enterBooks.js';
import { modes } from './modes/modes.js';
import type { LoadColumn } from './planTable.js';
import { besideStaging, stagedColumns, stageFolder, stagingTable, turnTable } from './stagingNames.js';
import { prepareTable } from './prepareTable.js';
import type { Run } from './run.js';
import type { LoadKey } from './sql/books.js';
import { raiseFence } from './sql/books.js';
import { BEGIN, ROLLBACK } from './sql/session.js';
import { createStaging, dropTable, removeFiles } from './sql/staging.js';
import { createTurn, takeTurn } from './sql/turn.js';
import { countStaged } from './sql/write.js';
import type { StageKind } from './stageFiles.js';
import { copyStaged, stageFiles } from './stageFiles.js';

/** The places where a load can be cut off, in order. */
export const LOAD_PHASES = [
  'fence-raised',
  'table-ready',
  'copying',
  'copied',
  'rows-written',
  'fence-held',
  'claimed',
  'committed',
] as const;
export type LoadPhase = (typeof LOAD_PHASES)[number];

/** Called at each phase, inside the load; for tests that cut the load off there. */
export type OnPhase = (phase: LoadPhase, request: LoadRequest) => Promise<void>;

/** What a load needs besides the request. */
export interface LoadContext {
  readonly run: Run;
  /** Statements that end a load whatever became of it: they heed no signal and soon give up. */
  readonly tidy: Run;
  readonly table: TableName;
  readonly stage: TableName;
  readonly stageKind: StageKind['kind'];
  readonly clusterBy: readonly string[];
  readonly onPhase?: OnPhase | undefined;
}

interface Work {
  readonly context: LoadContext;
  readonly request: LoadRequest;
  readonly key: LoadKey;
  readonly staging: TableName;
  /** What the write mode keeps beside it. */
  readonly beside: TableName;
  /** Folder of the stage that holds what attempts at this load have put. */
  readonly folder: string;
  readonly phase: (name: LoadPhase) => Promise<void>;
}

/**
 * Loads one batch exactly once. Rows are copied into a staging table of this attempt and counted there; then one transaction of DML
 * alone writes the rows, locks the fence, and enters the books. Its COMMIT is the commit point: what comes before is undone by a crash
 * or repeatable, and a repeat after it answers `already`.
 */
export async function loadBatch(context: LoadContext, request: LoadRequest): Promise<LoadReceipt> {
  const { run, table } = context;
  const { batch, attempt } = request;
  const key: LoadKey = { database: table.database, table: tableKey(table), batch, attempt };
  const phase = async (at: LoadPhase) => {
    request.signal?.throwIfAborted();
    await context.onPhase?.(at, request);
    request.signal?.throwIfAborted();
  };
  const staging = stagingTable(table, key);
  const beside = besideStaging(staging);
  const work: Work = { context, request, key, staging, beside, folder: stageFolder(key), phase };
  await run(raiseFence(key));
  await phase('fence-raised');
  const done = await readLoad(run, key);
  if (done !== undefined) return { kind: 'already', skipped: [], ...done };
  await requireAttempt(run, key);
  const { columns } = await prepareTable(run, table, request.columns, context.clusterBy);
  const turn = modes[request.mode].takesTurns ? turnTable(table, key.table) : undefined;
  if (turn !== undefined) for (const statement of createTurn(turn)) await run(statement);
  await phase('table-ready');
  try {
    await fillStaging(work, columns);
    const receipt = await writeBatch(work, columns);
    await cleanUp(work);
    if (receipt.kind === 'loaded') await phase('committed');
    return receipt;
  } catch (error) {
    await abandon(work);
    throw error;
  }
}

/** Copies the artifacts into the staging table and counts each object's rows there. */
async function fillStaging(work: Work, columns: readonly LoadColumn[]): Promise<void> {
  const { context, request, staging, folder, phase } = work;
  const { run, stage, stageKind: kind } = context;
  const staged = stagedColumns(columns);
  await run(createStaging(staging, staged));
  const prepare = modes[request.mode].prepare;
  if (prepare !== undefined) await run(prepare(work.beside));
  const files = await stageFiles(run, stage, {
    kind,
    artifacts: request.artifacts,
    folder: `${folder}${request.attempt}/`,
  });
  await phase('copying');
  await copyStaged(run, staging, staged, files);
  const { rows } = await run(countStaged(staging), 'rows');
  const counted = new Map(rows.map(([object, count]) => [object, Number(count)]));
  const wrong = request.objects.find(({ object, rows: expected }) => (counted.get(object) ?? 0) !== expected);
  const expected = request.objects.reduce((sum, one) => sum + one.rows, 0);
  const got = [...counted.values()].reduce((sum, count) => sum + count, 0);
  if (wrong !== undefined || got !== expected) throw countMismatch(work.key, expected, got);
  await phase('copied');
}

/** The transaction: turn, rows, fence, books. */
async function writeBatch(work: Work, columns: readonly LoadColumn[]): Promise<LoadReceipt> {
  const { context, request, key, staging, beside, phase } = work;
  const { run, table } = context;
  const mode = modes[request.mode];
  await run(BEGIN);
  if (mode.takesTurns) await run(takeTurn(turnTable(table, key.table)));
  const rows = { staging, columns, batch: request.batch, skipped: [] };
  const written = await mode.write({ run, table, key, request, rows, beside });
  await phase('rows-written');
  const scope = request.mode === 'replace' ? (request.scope ?? '') : undefined;
  const entry = await enterBooks(run, { key, manifestHash: request.manifestHash, scope, written, phase });
  return entry.kind === 'already' ? { skipped: [], ...entry } : { skipped: written.skipped, ...entry };
}

/** What is left over costs little and is swept later: a failure here never makes a load fail. */
async function cleanUp({ context, request, staging, beside, folder }: Work): Promise<void> {
  const { tidy, stage, stageKind } = context;
  const tables = modes[request.mode].prepare === undefined ? [staging] : [staging, beside];
  const leftovers = [...tables.map(dropTable), ...(stageKind === 'internal' ? [removeFiles(stage, folder)] : [])];
  await Promise.allSettled(leftovers.map((statement) => tidy(statement)));
}

/** Ends the transaction first: a DROP within it would commit what it wrote. Without an answer nothing more is said. */
async function abandon(work: Work): Promise<void> {
  const ended = await work.context.tidy(ROLLBACK).then(
    () => true,
    () => false,
  );
  if (ended) await cleanUp(work);
}
