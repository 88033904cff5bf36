import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { limitStatements } from '../../shared/engine/limits.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { type SluiceError, isSluiceError } from '../../shared/errors.js';
import { type CompactFilesRequest, type CompactFilesResult, compactOnce } from './compactOnce.js';
import type { CompactInput, Refusal } from './sources.js';

export type { CompactFilesRequest, CompactFilesResult, CompactedObject } from './compactOnce.js';
export type { CompactInput } from './sources.js';

/** What a statement may take: a time for its own sake, and more for each byte of the inputs. A bomb of a few bytes gets the least. */
export interface StatementTime {
  readonly leastMs: number;
  readonly bytesPerSecond: number;
}

const STATEMENT_TIME: StatementTime = { leastMs: 60_000, bytesPerSecond: 1e6 };

/** How to go on after the engine died under a session. */
export interface EngineRevival {
  /** A fresh session with the same folders, in place of the dead one. */
  readonly reopen?: () => Promise<EngineSession>;
  readonly statementTime?: StatementTime;
}

/**
 * Compacts local files into Parquet in one pass over their rows. An input that is cut, damaged or breaks the schema is
 * quarantined with its place and reason, and the rest goes on. Rows in (footers, lines, or a count of their own) equal
 * rows out (counted in the artifacts), or nothing is produced. Safe to run again: it writes over its own artifacts.
 * An input that kills the engine, needs more memory than it has, or keeps it busy far longer than its bytes should, is found by halving
 * and quarantined; for a death this takes `reopen`, whose last session is then the one that lives.
 * Errors: COUNT_MISMATCH, CONFIG_INVALID (a sort column that is not there), those of the engine, SCRATCH_FULL.
 */
export async function compactFiles(request: CompactFilesRequest & EngineRevival): Promise<CompactFilesResult> {
  const work = { ...request };
  const first = await tryCompact(work, request.inputs);
  if (first.kind === 'done') return first.result;
  // A death may have come from outside: the same again tells.
  const again = first.error.code === 'ENGINE_DIED' ? await tryCompact(work, request.inputs) : first;
  if (again.kind === 'done') return again.result;
  const killers = await findKillers(work, request.inputs);
  if (killers.length === 0) throw again.error;
  const refused = new Map(killers.map((killer) => [killer.object, killer]));
  const rest = request.inputs.filter(({ object }) => !refused.has(object));
  const session = limitStatements(work.session, await limitOf(rest, work.statementTime));
  const spared = await compactOnce({ ...work, session, inputs: rest });
  const answers = new Map(spared.objects.map((answer) => [answer.object, answer]));
  const objects = request.inputs.flatMap(({ object }) => {
    const killer = refused.get(object);
    return killer === undefined ? (answers.get(object) ?? []) : { ...killer, kind: 'quarantined' as const };
  });
  return { ...spared, objects };
}

/** The request, with the session that lives now. */
type Work = { -readonly [K in keyof CompactFilesRequest]: CompactFilesRequest[K] } & EngineRevival;
type Trial =
  | { readonly kind: 'done'; readonly result: CompactFilesResult }
  | { readonly kind: 'failed'; readonly error: SluiceError };

async function tryCompact(work: Work, inputs: readonly CompactInput[], outDir = work.outDir): Promise<Trial> {
  const session = limitStatements(work.session, await limitOf(inputs, work.statementTime));
  try {
    return { kind: 'done', result: await compactOnce({ ...work, session, inputs, outDir }) };
  } catch (error) {
    if (isSluiceError(error, 'ENGINE_MEMORY')) return { kind: 'failed', error };
    const isOver = isSluiceError(error, 'ENGINE_TIMEOUT');
    if (isOver && work.reopen === undefined) return { kind: 'failed', error };
    if ((!isOver && !isSluiceError(error, 'ENGINE_DIED')) || work.reopen === undefined) throw error;
    work.session = await work.reopen();
    return { kind: 'failed', error };
  }
}

async function limitOf(inputs: readonly CompactInput[], { leastMs, bytesPerSecond } = STATEMENT_TIME): Promise<number> {
  const sizes = await Promise.all(inputs.map(async ({ file, glance }) => glance?.size ?? (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return leastMs + Math.round((bytes / bytesPerSecond) * 1000);
}

/** Compacts each half of inputs that are known to fail together, down to single ones that fail alone, twice. */
async function findKillers(work: Work, inputs: readonly CompactInput[]): Promise<readonly Refusal[]> {
  const outDir = join(work.scratch, 'trial');
  const middle = Math.ceil(inputs.length / 2);
  const halves = inputs.length === 1 ? [inputs] : [inputs.slice(0, middle), inputs.slice(middle)];
  const killers: Refusal[] = [];
  for (const half of halves) {
    const trial = await tryCompact(work, half, outDir);
    await rm(outDir, { recursive: true, force: true });
    const [only] = half;
    if (trial.kind === 'done' || only === undefined) continue;
    if (half.length > 1) killers.push(...(await findKillers(work, half)));
    else if (inputs.length === 1) killers.push(refuseKiller(only, trial.error));
    else killers.push(...(await findKillers(work, half)));
  }
  return killers;
}

function refuseKiller({ object }: CompactInput, { code, message }: SluiceError): Refusal {
  if (code === 'ENGINE_TIMEOUT')
    return { object, code: 'OBJECT_UNREADABLE', reason: `with this object alone: ${message}` };
  const reason =
    code === 'ENGINE_MEMORY'
      ? 'expected data that fits the memory limit of the engine, got more in one piece'
      : 'expected data that the engine reads, got its end (twice, with this object alone)';
  return { object, code: 'OBJECT_UNREADABLE', reason };
}
