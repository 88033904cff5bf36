import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '../../errors.js';
import type { LoadReceipt, LoadRequest } from '../port.js';
import { countMismatch, enterBooks, knownObjects, readLoad, requireAttempt } from './enterBooks.js';
import type { TableName } from './identifiers.js';
import { tableKey } from './identifiers.js';
import type { LoadContext } from './loadBatch.js';
import type { PipeClient, PipedFile } from './pipeClient.js';
import { prepareTable } from './prepareTable.js';
import { columnOf } from './run.js';
import type { LoadKey } from './sql/books.js';
import { claimObjects, raiseFence } from './sql/books.js';
import { copyHistory, createPipe, tellErrors } from './sql/pipe.js';
import { BEGIN, ROLLBACK } from './sql/session.js';
import { countPresent } from './sql/write.js';
import { pipeName } from './stagingNames.js';

export interface PipeContext extends LoadContext {
  readonly pipes: PipeClient;
  /** Who is told of files that the pipe cannot copy. */
  readonly errorIntegration?: string | undefined;
  /** How long a pipe may take, and how often it is asked, in milliseconds. */
  readonly patienceMs: number;
  readonly pollMs: number;
}

/**
 * Loads one batch through a pipe. The pipe commits files by itself: the promise is detect and reconcile. Rows of this batch are counted
 * in the table before files are named to the pipe and after it has reported them; only when each object has exactly its rows does the
 * load enter the books. A repeat names the same files, which a pipe passes over for 14 days.
 */
export async function loadByPipe(context: PipeContext, request: LoadRequest): Promise<LoadReceipt> {
  const { run, tidy, table, stage, pipes } = context;
  const { batch, attempt, signal } = request;
  const key: LoadKey = { database: table.database, table: tableKey(table), batch, attempt };
  await run(raiseFence(key));
  const done = await readLoad(run, key);
  if (done !== undefined) return { kind: 'already', skipped: [], ...done };
  await requireAttempt(run, key);
  const { columns } = await prepareTable(run, table, request.columns, context.clusterBy);
  await requireNew(context, key, request);
  const pipe = pipeName(table, columns);
  const { errorIntegration } = context;
  await run(createPipe(pipe, table, { columns, stage, errorIntegration }));
  if (errorIntegration !== undefined) await run(tellErrors(pipe, errorIntegration));
  const files = request.artifacts.filter(({ rows }) => rows > 0).map(({ key: path, bytes }) => ({ path, size: bytes }));
  const expected = request.objects.reduce((sum, { rows }) => sum + rows, 0);
  if (files.length > 0 && !(await countRows(context, request)).isWhole) {
    await pipes.insertFiles(pipe, files);
    await awaitFiles(context, pipe, { files: files.map(({ path }) => path), signal });
  }
  const { present, isWhole } = await countRows(context, request);
  if (!isWhole) throw countMismatch(key, expected, present);
  await run(BEGIN);
  try {
    const phase = async () => signal?.throwIfAborted();
    const { manifestHash, objects } = request;
    const claim =
      objects.length === 0 ? undefined : { statement: claimObjects(key, objects), expected: objects.length };
    const written = { present, claim, notes: [] };
    return { skipped: [], ...(await enterBooks(run, { key, manifestHash, written, phase })) };
  } catch (error) {
    await tidy(ROLLBACK).catch(() => {});
    throw error;
  }
}

/** A pipe copies whole files: it cannot leave out objects that the table has. */
async function requireNew({ run }: PipeContext, key: LoadKey, request: LoadRequest): Promise<void> {
  const known = await knownObjects(run, key, request);
  if (known.size === 0) return;
  throw new SluiceError(
    'TARGET_MISMATCH',
    `expected objects new to ${key.table}, got ${known.size} that another batch brought`,
    {
      facts: { table: key.table, batch: key.batch, objects: known.size },
    },
  );
}

/** Rows that the table has of this batch, and whether each object has exactly its own. */
async function countRows({ run, table }: PipeContext, { objects, batch }: LoadRequest) {
  const key = { database: table.database, table: tableKey(table) };
  const ids = objects.map(({ object }) => object);
  const { rows } =
    ids.length === 0 ? { rows: [] } : await run(countPresent(table, ids, { key, fromBatch: batch }), 'rows');
  const counted = new Map(rows.map(([object, present]) => [object, Number(present)]));
  return {
    present: [...counted.values()].reduce((sum, present) => sum + present, 0),
    isWhole: objects.every(({ object, rows: expected }) => (counted.get(object) ?? 0) === expected),
  };
}

/** Waits until each file is loaded. Errors: TARGET_REFUSED when one failed, TARGET_BUSY when patience ends. */
async function awaitFiles(
  context: PipeContext,
  pipe: TableName,
  { files, signal }: { readonly files: readonly string[]; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const ends = Date.now() + context.patienceMs;
  while (Date.now() < ends) {
    signal?.throwIfAborted();
    const reported = await context.pipes.insertReport(pipe);
    const missing = files.filter((file) => !isLoaded(reported, file));
    if (missing.length === 0) return;
    await delay(context.pollMs, undefined, signal === undefined ? {} : { signal });
  }
  // The report forgets after ten minutes: the history of the table does not.
  const history = await context.run(copyHistory(context.table, 24));
  const [names, states, rows] = ['FILE_NAME', 'STATUS', 'ROW_COUNT'].map((name) => columnOf(history, name));
  const seen = (names ?? []).map((path, index): PipedFile => {
    return {
      path: path ?? '',
      status: (states?.[index] ?? '').toUpperCase().replaceAll(' ', '_'),
      rows: Number(rows?.[index] ?? 0),
    };
  });
  if (files.every((file) => isLoaded(seen, file))) return;
  throw new SluiceError(
    'TARGET_BUSY',
    `expected the pipe to load ${files.length} files in ${context.patienceMs} ms, got less`,
  );
}

function isLoaded(reported: readonly PipedFile[], file: string): boolean {
  const found = reported.find(({ path }) => path === file || path.endsWith(`/${file}`));
  if (found === undefined || found.status === 'LOAD_IN_PROGRESS') return false;
  if (found.status === 'LOADED') return true;
  throw new SluiceError('TARGET_REFUSED', `expected the pipe to load ${file}, got ${found.status}`, {
    facts: { file },
  });
}
