import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asBatchId, type BatchId } from '../../shared/ids.js';
import type { Ledger } from '../../shared/ledger/port.js';
import type { ObjectStore, StoredObject } from '../../shared/stores/port.js';

/** What nobody has touched for this long belongs to an attempt that is lost: no job takes as long. */
export const ORPHAN_AGE_MS = 24 * 60 * 60 * 1000;

/** As compact names its artifacts: batch, attempt, and which one of it; `_hot-` lists the hot keys of salted ones, `_rows-` holds rows that were set aside. */
const ARTIFACT = /(?:^|\/)(?:_(?:hot|rows)-)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-\d+(?:\.\d+)?-\d+\.parquet$/;

export interface OrphanReport {
  /** Artifacts that were looked at. */
  readonly seen: number;
  readonly deleted: number;
  /** Old ones of batches that this ledger does not know; left where they are. */
  readonly unknown: number;
}

export interface OrphanSweep {
  readonly lake: Pick<ObjectStore, 'list' | 'delete'>;
  readonly ledger: Pick<Ledger['custody'], 'artifacts'>;
  /** Where a dataset's artifacts are put. */
  readonly prefix: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * Deletes the artifacts of lost attempts under a prefix: a day old, named as compact names them, of a batch whose committed manifest
 * does not have them. Those of a batch that is not compacted yet stay, and so does what the ledger does not know. Safe to run twice.
 */
export async function sweepOrphans({ lake, ledger, prefix, nowMs, signal }: OrphanSweep): Promise<OrphanReport> {
  const report = { seen: 0, deleted: 0, unknown: 0 };
  for await (const page of lake.list({ prefix, signal })) {
    const old = page.filter(({ lastModified }) => nowMs - lastModified.getTime() > ORPHAN_AGE_MS).flatMap(readArtifact);
    report.seen += page.length;
    if (old.length === 0) continue;
    const committed = await ledger.artifacts([...new Set(old.map(({ batch }) => batch))]);
    const orphans = old.filter(({ batch, key }) => committed.get(batch)?.has(key) === false).map(({ key }) => key);
    report.unknown += old.filter(({ batch }) => !committed.has(batch)).length;
    await lake.delete(orphans, signal);
    report.deleted += orphans.length;
  }
  return report;
}

function readArtifact({ key }: StoredObject): readonly { readonly batch: BatchId; readonly key: string }[] {
  const batch = ARTIFACT.exec(key)?.[1];
  return batch === undefined ? [] : [{ batch: asBatchId(batch), key }];
}

/** A worker's own scratch folder. */
const WORKER_FOLDER = /^sluice-(\d+)-[0-9a-f]{8}$/;

/**
 * Removes the scratch folders that lost workers left beside this worker's own: a day old, named as Sluice names them, of a process that
 * runs no more. Returns how many. Safe to run twice and at once.
 */
export async function sweepScratch(scratch: string, nowMs: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(dirname(scratch)).catch(() => [])) {
    const pid = WORKER_FOLDER.exec(name)?.[1];
    const path = join(dirname(scratch), name);
    if (pid === undefined || path === scratch || isRunning(Number(pid))) continue;
    if (nowMs - (await changedAtMs(path)) <= ORPHAN_AGE_MS) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/** Infinity where the folder went away meanwhile. */
async function changedAtMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Infinity,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
