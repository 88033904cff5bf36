import { basename } from 'node:path';
import pLimit from 'p-limit';
import { SluiceError } from '../../errors.js';
import type { LoadArtifact } from '../port.js';
import type { Answer } from './client.js';
import type { TableName } from './identifiers.js';
import type { Run } from './run.js';
import { columnOf } from './run.js';
import type { StagedColumn } from './sql/staging.js';
import { copyFiles, FILES_A_COPY, putFile } from './sql/staging.js';

/** The stage that COPY reads: over the lake, where artifacts lie already, or one of Snowflake's own, where they are put. */
export type StageKind =
  | { readonly kind: 'external'; readonly integration: string; /** s3://bucket/ */ readonly url: string }
  | { readonly kind: 'internal' };

/** One stage a way in: both may stand in a database that changed from one to the other. */
export function stageName(stage: StageKind): string {
  return stage.kind === 'external' ? `LAKE_${stage.integration.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')}` : 'FILES';
}

const PUTS_AT_ONCE = 4;

/** Where the files of one attempt lie in the stage. */
export interface StagedFiles {
  readonly stage: TableName;
  /** '' or a path that ends in /. */
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly rows: number }[];
}

/** Brings the artifacts into the stage: nothing to do where it lies over the lake. Safe to run twice. */
export async function stageFiles(
  run: Run,
  stage: TableName,
  { kind, artifacts, folder }: { kind: StageKind['kind']; artifacts: readonly LoadArtifact[]; folder: string },
): Promise<StagedFiles> {
  const filled = artifacts.filter(({ rows }) => rows > 0);
  if (kind === 'external') {
    return { stage, folder: '', files: filled.map(({ key, rows }) => ({ name: key, rows })) };
  }
  const limit = pLimit(PUTS_AT_ONCE);
  await Promise.all(
    filled.map(({ file }) => limit(async () => requireUploaded(await run(putFile(stage, folder, file), 'rows'), file))),
  );
  return { stage, folder, files: filled.map(({ file, rows }) => ({ name: basename(file), rows })) };
}

function requireUploaded(answer: Answer, file: string): void {
  const [status] = columnOf(answer, 'status');
  if (status === 'UPLOADED') return;
  throw new SluiceError('TARGET_AWAY', `expected PUT to upload ${basename(file)}, got ${status ?? 'no answer'}`);
}

/** Copies staged files into the staging table; each must be loaded whole. Returns the rows. Errors: COUNT_MISMATCH, TARGET_*. */
export async function copyStaged(
  run: Run,
  staging: TableName,
  columns: readonly StagedColumn[],
  { stage, folder, files }: StagedFiles,
): Promise<number> {
  let rows = 0;
  for (let start = 0; start < files.length; start += FILES_A_COPY) {
    const slice = files.slice(start, start + FILES_A_COPY);
    const answer = await run(
      copyFiles(staging, columns, { stage, folder, files: slice.map(({ name }) => name) }),
      'rows',
    );
    rows += requireLoaded(answer, slice);
  }
  return rows;
}

/** COPY answers a row a file: `file`, `status`, `rows_parsed`, `rows_loaded` and more. */
function requireLoaded(answer: Answer, files: StagedFiles['files']): number {
  const [status, loaded] = ['status', 'rows_loaded'].map((name) => columnOf(answer, name));
  const names = columnOf(answer, 'file');
  let sum = 0;
  for (const { name, rows } of files) {
    const index = names.findIndex((one) => one === name || one?.endsWith(`/${name}`) === true);
    const got = Number(loaded?.[index] ?? 0);
    if (status?.[index] !== 'LOADED' || got !== rows) {
      throw new SluiceError(
        'COUNT_MISMATCH',
        `expected COPY to load ${rows} rows of ${name}, got ${got} (${status?.[index] ?? 'file not named'})`,
        { facts: { file: name, expected: rows, got } },
      );
    }
    sum += got;
  }
  return sum;
}
