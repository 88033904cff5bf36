import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../shared/config/config.js';
import { openReferences, type ValuesOf } from '../../shared/checks/references.js';
import { checkSource, readRules, type RowRule } from '../../shared/checks/checkSource.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import type { CompactedObject, CompactFilesResult } from './compactFiles.js';
import { brokenRowsSql, brokenSql, keptSql } from './rulesSql.js';
import { contentRowsSql, copySql, parquetSql } from './sql.js';
import type { WrittenArtifact } from './write.js';

export interface RulesRequest {
  readonly session: EngineSession;
  readonly dataset: Pick<Dataset, 'columns' | 'checks' | 'compact'>;
  readonly outDir: string;
  /** What compactFiles wrote, with provenance. Artifacts that lose rows are replaced. */
  readonly result: CompactFilesResult;
  /** What other datasets hold. */
  readonly valuesOf?: ValuesOf;
  readonly signal?: AbortSignal;
}

/** Rows of one object that broke rules. */
export interface BrokenRows {
  readonly object: string;
  readonly rows: number;
  readonly reason: string;
}

export interface RuledRows {
  readonly result: CompactFilesResult;
  /** A Parquet file of the rows that broke rules; absent when there are none. */
  readonly broken?: { readonly file: WrittenArtifact; readonly objects: readonly BrokenRows[] };
}

/**
 * Takes exactly the rows out that break a row rule whose check says `onFail: quarantine` and has failed (beyond its bound, where it has
 * one). Every row is then either kept or set aside, and the hashes of both add up to what was read, or nothing is produced. A check that
 * cannot be evaluated takes nothing out: it is judged later, and holds. Errors: CONTENT_MISMATCH, those of the engine.
 */
export async function setBrokenAside(request: RulesRequest): Promise<RuledRows> {
  const { result } = request;
  const { session, outDir, signal } = request;
  await mkdir(outDir, { recursive: true });
  const rules = result.artifacts.length === 0 ? [] : await failedRules(request);
  if (rules.length === 0) return { result };
  const source = parquetSql(result.artifacts.map(({ path }) => path));
  const path = join(outDir, 'broken.parquet');
  await session.run(brokenSql(source, { rules, columns: result.columns, path }), signal);
  const rows = await session.query(brokenRowsSql(source, { rules, columns: result.columns }), signal);
  const objects = rows.map(({ object, rows: count, rule }): BrokenRows => {
    const { name = '', expected = '' } = rules[Number(rule)] ?? {};
    return { object: String(object), rows: Number(count), reason: `${name}: expected ${expected}` };
  });
  const broken = { rows: sum(objects), sum: rows.reduce((total, row) => total + BigInt(String(row.content)), 0n) };
  const artifacts = await keepRows(request, rules);
  const content = await compareContent(request, artifacts, broken);
  await Promise.all(result.artifacts.map((artifact) => rm(artifact.path, { force: true })));
  const counts = new Map(objects.map((one) => [one.object, one.rows]));
  return {
    result: {
      ...result,
      artifacts,
      objects: result.objects.map((object) => without(object, counts.get(object.object) ?? 0)),
      rows: { in: result.rows.in, out: result.rows.out - broken.rows },
      ...(content === undefined ? {} : { content }),
    },
    broken: { file: { path, rows: broken.rows, bytes: (await stat(path)).size }, objects },
  };
}

/** The row rules whose checks fail on these rows and ask for their rows to be set aside. */
async function failedRules({
  session,
  dataset,
  outDir,
  result,
  valuesOf,
  signal,
}: RulesRequest): Promise<readonly RowRule[]> {
  const asks = (check: Dataset['checks'][number] | Dataset['columns'][string]['checks'][number]) =>
    typeof check !== 'string' && check.onFail === 'quarantine';
  const checks = Object.fromEntries(
    Object.entries(dataset.columns).map(([name, column]) => [name, { checks: column.checks.filter(asks) }]),
  );
  const tableChecks = dataset.checks.filter(asks);
  const none = Object.values(checks).every((column) => column.checks.length === 0) && tableChecks.length === 0;
  if (none) return [];
  const source = parquetSql(result.artifacts.map(({ path }) => path));
  const request = {
    session,
    source,
    columns: result.columns,
    checks,
    tableChecks,
    ...(valuesOf === undefined
      ? {}
      : {
          references: openReferences({
            session,
            source,
            folder: outDir,
            valuesOf,
            ...(signal === undefined ? {} : { signal }),
          }),
        }),
    ...(signal === undefined ? {} : { signal }),
  };
  const report = await checkSource(request);
  const failed = new Set(
    report.checks
      .filter(({ verdict, failingRows = 0 }) => verdict === 'fail' && failingRows > 0)
      .map(({ name }) => name),
  );
  return failed.size === 0 ? [] : (await readRules(request)).filter(({ name }) => failed.has(name));
}

async function keepRows(
  { session, dataset, outDir, result, signal }: RulesRequest,
  rules: readonly RowRule[],
): Promise<readonly WrittenArtifact[]> {
  const { compression, pages, sort } = dataset.compact;
  const kept: WrittenArtifact[] = [];
  for (const [index, artifact] of result.artifacts.entries()) {
    const path = join(outDir, `kept-${index}.parquet`);
    const select = keptSql(parquetSql([artifact.path]), rules);
    const [answer] = await session.query(copySql(select, { path, compression, pages, sort }), signal);
    const rows = Number(answer?.count ?? 0);
    if (rows === 0) await rm(path, { force: true });
    else kept.push({ path, rows, bytes: (await stat(path)).size });
  }
  return kept;
}

async function compareContent(
  { session, result, signal }: RulesRequest,
  artifacts: readonly WrittenArtifact[],
  broken: { readonly rows: number; readonly sum: bigint },
): Promise<CompactFilesResult['content']> {
  const { content, rows } = result;
  const paths = artifacts.map(({ path }) => path);
  const [kept] = artifacts.length === 0 ? [] : await session.query(contentRowsSql(paths, result.columns), signal);
  const [count, hash] = [Number(kept?.rows ?? 0), BigInt(String(kept?.content ?? 0))];
  const isWhole = content === undefined || hash + broken.sum === BigInt(`0x${content.hash}`);
  if (count + broken.rows === rows.out && isWhole)
    return content === undefined ? undefined : { ...content, hash: hash.toString(16) };
  throw new SluiceError(
    'CONTENT_MISMATCH',
    `expected ${rows.out} rows, kept or set aside by their rules, got ${count} and ${broken.rows}`,
    { facts: { expected: rows.out, kept: count, setAside: broken.rows } },
  );
}

function without(object: CompactedObject, broken: number): CompactedObject {
  if (object.kind !== 'included' || broken === 0) return object;
  return { ...object, quarantined: (object.quarantined ?? 0) + broken };
}

function sum(objects: readonly BrokenRows[]): number {
  return objects.reduce((total, { rows }) => total + rows, 0);
}
