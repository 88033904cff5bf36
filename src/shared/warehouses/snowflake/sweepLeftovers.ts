import type { TableName } from './identifiers.js';
import type { Run } from './run.js';
import { columnOf } from './run.js';
import { BOOKS_SCHEMA } from './sql/books.js';
import { dropTable, listFiles, removeFiles, showStaging } from './sql/staging.js';
import type { StageKind } from './stageFiles.js';

/** Older than any load that could still be running. */
const AGE_MS = 2 * 24 * 3_600_000;

export interface Leftovers {
  readonly database: string;
  readonly stage: TableName;
  readonly kind: StageKind['kind'];
  readonly nowMs: number;
}

/**
 * Drops staging tables and removes staged files that loads left when they were cut off, two days ago or earlier. Touches only names that
 * loads give, and never a stage over the lake. Returns how many tables and folders went. Safe to run twice and at once.
 */
export async function sweepLeftovers(run: Run, { database, stage, kind, nowMs }: Leftovers): Promise<number> {
  const isOld = (text: string | null | undefined) => nowMs - Date.parse(text ?? '') > AGE_MS;
  const shown = await run(showStaging({ database, schema: BOOKS_SCHEMA }));
  const created = columnOf(shown, 'created_on');
  const tables = columnOf(shown, 'name').flatMap((name, index) =>
    name !== null && /^STG_[0-9A-F]{32}_\d+_[0-9A-F]{8}(_B)?$/.test(name) && isOld(created[index]) ? [name] : [],
  );
  for (const name of tables) await run(dropTable({ database, schema: BOOKS_SCHEMA, name }));
  if (kind === 'external') return tables.length;
  const listed = await run(listFiles(stage));
  const modified = columnOf(listed, 'last_modified');
  const folders = new Set<string>();
  for (const [index, name] of columnOf(listed, 'name').entries()) {
    // The stage's own name comes first, in lower case.
    const folder = /^[^/]+\/([0-9a-f-]{36}_[0-9a-f]{8}\/)/.exec(name ?? '')?.[1];
    if (folder !== undefined && isOld(modified[index])) folders.add(folder);
  }
  for (const folder of folders) await run(removeFiles(stage, folder));
  return tables.length + folders.size;
}
