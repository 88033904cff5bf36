import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../shared/config/config.js';
import type { PageVersion } from '../../shared/config/dataset.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import type { ManifestLayout } from '../../shared/ledger/manifest.js';
import { type Column, SALT_COLUMN } from '../../shared/schema/columns.js';
import type { SkewReport } from '../../shared/findings/skew.js';
import { skewSource } from '../../shared/skew/skewSource.js';
import type { CompactFilesResult } from './compactFiles.js';
import { hotListSql, orderedSql, withoutPiece } from './layoutSql.js';
import { type LayoutPlan, planLayout } from './planLayout.js';
import { copySql, objectRowsSql, parquetSql } from './sql.js';
import { cutArtifact, type WrittenArtifact } from './write.js';

export interface LayOutRequest {
  readonly session: EngineSession;
  /** What the dataset asks for. */
  readonly skew: Dataset['skew'];
  readonly compression: 'zstd' | 'snappy';
  readonly pages: PageVersion;
  readonly sort: readonly string[];
  /** Bytes of one artifact, about. */
  readonly targetBytes: number;
  readonly outDir: string;
  /** What compactFiles wrote, with provenance. Its artifacts are replaced. */
  readonly result: CompactFilesResult;
  readonly signal?: AbortSignal;
}

/** The artifacts in their layout. */
export interface LaidOut {
  readonly artifacts: readonly WrittenArtifact[];
  /** Absent: the rows stayed as they were. */
  readonly layout?: ManifestLayout;
  /** Salt: a Parquet file of the hot keys and their salts, for the other side of a join. */
  readonly hotList?: WrittenArtifact;
}

/**
 * Lays the rows of a batch out by its skewed key, as the dataset asks: hot keys in artifacts of their own, salted, or in buckets of equal
 * size. The first of the dataset's keys that calls for it decides. Every row is in exactly one artifact, or nothing is produced. Safe to
 * repeat: the same rows get the same layout. Errors: COUNT_MISMATCH, CONFIG_INVALID (a column has the name of the salt), those of the engine.
 */
export async function layOut(request: LayOutRequest): Promise<LaidOut> {
  const { result, skew } = request;
  const stays = { artifacts: result.artifacts };
  if (skew.action === 'advise' || result.artifacts.length === 0) return stays;
  for (const name of skew.keys) {
    const key = result.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
    const plan = key === undefined ? undefined : await planFor(request, key, skew.action);
    if (key !== undefined && plan !== undefined) return await write(request, key, plan);
  }
  return stays;
}

async function planFor(
  { session, skew, result, targetBytes, signal }: LayOutRequest,
  key: Column,
  action: 'isolate' | 'salt' | 'bucket',
): Promise<LayoutPlan | undefined> {
  if (action === 'salt' && result.columns.some(({ name }) => name.toLowerCase() === SALT_COLUMN))
    throw new SluiceError('CONFIG_INVALID', `skew.action: expected no column ${SALT_COLUMN} to salt, got one`);
  const bytes = result.artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0);
  const fewest = Math.ceil(bytes / targetBytes);
  const report: Pick<SkewReport, 'rows' | 'hotKeys' | 'skewed'> =
    action === 'bucket'
      ? { rows: result.rows.out, hotKeys: [], skewed: false }
      : await skewSource({
          session,
          source: sourceOf(result.artifacts),
          columns: result.columns,
          key: [key.name],
          threshold: skew.threshold,
          ...(signal === undefined ? {} : { signal }),
        });
  return planLayout(report, { action, buckets: skew.buckets, fewest });
}

async function write(request: LayOutRequest, key: Column, plan: LayoutPlan): Promise<LaidOut> {
  const { session, outDir, compression, pages, sort, result, signal } = request;
  await mkdir(outDir, { recursive: true });
  const path = join(outDir, 'laid-out.parquet');
  const source = sourceOf(result.artifacts);
  const { select, orderBy } = orderedSql(plan, { source, key, sort });
  await session.run(
    copySql(select, { path, compression, pages, sort: [], orderBy, fields: withoutPiece(plan, sort) }),
    signal,
  );
  const whole = { path, rows: result.rows.out, bytes: (await stat(path)).size };
  const artifacts = await cutArtifact(
    whole,
    plan.cuts.map(({ rows }) => rows),
    request,
  );
  await compareRows(request, artifacts);
  const hotList = plan.kind === 'salt' ? await writeHotList(request, key, plan.hotKeys) : undefined;
  await Promise.all(result.artifacts.map((artifact) => rm(artifact.path, { force: true })));
  return { artifacts, layout: describe(key, plan), ...(hotList === undefined ? {} : { hotList }) };
}

async function writeHotList(
  { session, outDir, compression, pages, signal }: LayOutRequest,
  key: Column,
  hotKeys: (LayoutPlan & { kind: 'salt' })['hotKeys'],
): Promise<WrittenArtifact> {
  const path = join(outDir, 'hot-keys.parquet');
  await session.run(copySql(hotListSql(key, hotKeys), { path, compression, pages, sort: [] }), signal);
  return { path, rows: hotKeys.length, bytes: (await stat(path)).size };
}

/** Each row of each object is in the artifacts as often as before: once. */
async function compareRows(
  { session, result, signal }: LayOutRequest,
  artifacts: readonly WrittenArtifact[],
): Promise<void> {
  const count = async (files: readonly WrittenArtifact[]) => {
    const columns = result.content === undefined ? [] : result.columns;
    const rows = await session.query(
      objectRowsSql(
        files.map(({ path }) => path),
        columns,
      ),
      signal,
    );
    return rows.map((row) => Object.values(row).map(String).join(' ')).sort();
  };
  const [before, after] = [await count(result.artifacts), await count(artifacts)];
  if (before.join('\n') === after.join('\n')) return;
  const rows = artifacts.reduce((sum, artifact) => sum + artifact.rows, 0);
  throw new SluiceError('COUNT_MISMATCH', `expected ${result.rows.out} rows in the layout, got ${rows}`, {
    facts: { expected: result.rows.out, got: rows },
  });
}

function describe(key: Column, plan: LayoutPlan): ManifestLayout {
  const hotKeys =
    plan.kind === 'bucket'
      ? []
      : plan.hotKeys.map((hot) => ({
          key: hot.key,
          rows: hot.rows,
          ...('salts' in hot ? { salts: hot.salts } : { artifacts: placesOf(plan, hot.key) }),
        }));
  return { action: plan.kind, key: key.name, hotKeys };
}

function placesOf({ cuts }: LayoutPlan, key: unknown): number[] {
  return cuts.flatMap((cut, at) => (cut.key === key ? [at] : []));
}

function sourceOf(artifacts: readonly WrittenArtifact[]): string {
  return parquetSql(artifacts.map(({ path }) => path));
}
