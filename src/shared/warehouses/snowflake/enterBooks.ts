import type { ObjectId } from '../../ids.js';
import { SluiceError } from '../../errors.js';
import type { LoadRequest } from '../port.js';
import type { Written } from './modes/mode.js';
import type { Run } from './run.js';
import { numberAt } from './run.js';
import type { LoadKey } from './sql/books.js';
import { claimLoad, findLoad, findObjects, lockFence, readFence } from './sql/books.js';
import { COMMIT, ROLLBACK } from './sql/session.js';

/** What the books hold of a load. */
export interface LoadEntry {
  readonly rows: number;
  readonly committedAt: Date;
}

export interface Entering {
  readonly key: LoadKey;
  readonly manifestHash: string;
  /** What a replacing batch is the whole of. */
  readonly scope?: string | undefined;
  readonly written: Pick<Written, 'present' | 'claim' | 'notes'>;
  readonly phase: (name: 'fence-held' | 'claimed') => Promise<void>;
}

/**
 * Ends the load's open transaction: locks the fence, enters the load and its objects, commits. Whoever enters second finds the first and
 * rolls back (`already`). Errors: LOAD_FENCED, TARGET_BUSY; the transaction is still open then.
 */
export async function enterBooks(
  run: Run,
  { key, manifestHash, scope, written, phase }: Entering,
): Promise<LoadEntry & { readonly kind: 'loaded' | 'already' }> {
  await run(lockFence(key));
  await requireAttempt(run, key);
  await phase('fence-held');
  const claimed = numberAt(await run(claimLoad(key, { manifestHash, rows: written.present, scope })), 0);
  if (claimed === 0) {
    await run(ROLLBACK);
    return { kind: 'already', ...(await requireLoad(run, key)) };
  }
  if (written.claim !== undefined) await claimAll(run, key, written.claim);
  for (const note of written.notes) await run(note, 'rows');
  const entry = await requireLoad(run, key);
  await phase('claimed');
  await run(COMMIT);
  return { kind: 'loaded', ...entry };
}

async function claimAll(run: Run, { table }: LoadKey, claim: NonNullable<Written['claim']>): Promise<void> {
  const { rows } = await run(claim.statement);
  const claimed = (rows[0] ?? []).reduce((sum, count) => sum + Number(count), 0);
  if (claim.expected === undefined || claimed === claim.expected) return;
  throw new SluiceError(
    'TARGET_BUSY',
    `expected ${claim.expected} objects new to ${table}, got ${claimed}: another batch came first`,
  );
}

async function requireLoad(run: Run, key: LoadKey): Promise<LoadEntry> {
  const entry = await readLoad(run, key);
  if (entry !== undefined) return entry;
  throw new SluiceError('TARGET_BUSY', 'expected the load in the books, got no row: it was removed');
}

/** Which of the load's objects another batch brought before. */
export async function knownObjects(run: Run, key: LoadKey, { objects }: LoadRequest): Promise<ReadonlySet<ObjectId>> {
  if (objects.length === 0) return new Set();
  const ids = objects.map(({ object }) => object);
  const { rows } = await run(findObjects(key, ids));
  const found = new Set(rows.map(([object]) => object));
  return new Set(ids.filter((id) => found.has(id)));
}

/** Errors: LOAD_FENCED unless the fence stands at this attempt. */
export async function requireAttempt(run: Run, key: LoadKey): Promise<void> {
  const { table, batch, attempt } = key;
  const [fence] = (await run(readFence(key))).rows[0] ?? [];
  if (Number(fence) === attempt) return;
  throw new SluiceError('LOAD_FENCED', `expected the fence at attempt ${attempt}, got ${fence ?? 'none'}`, {
    facts: { table, batch, attempt, fence: fence ?? undefined },
  });
}

/** The load's entry; undefined when it is not in the books. */
export async function readLoad(run: Run, key: LoadKey): Promise<LoadEntry | undefined> {
  const answer = await run(findLoad(key));
  if (answer.rows.length === 0) return undefined;
  return { rows: numberAt(answer, 0), committedAt: new Date(numberAt(answer, 1)) };
}

/** The error of rows that are not as many as the manifest says. */
export function countMismatch({ table, batch }: LoadKey, expected: number, got: number): SluiceError {
  return new SluiceError('COUNT_MISMATCH', `expected ${expected} rows of the manifest in ${table}, got ${got}`, {
    facts: { table, batch, expected, got },
  });
}
