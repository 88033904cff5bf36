import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PageVersion } from '../../shared/config/dataset.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import type { Tally } from './content.js';
import { planReads } from './plan.js';
import { cutEvenly } from './planLayout.js';
import type { Source, TargetColumn } from './sources.js';
import { copySql, objectRowsSql, parquetSql, unionSql } from './sql.js';

/** An artifact in scratch. */
export interface WrittenArtifact {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** It is an input, left as it is: without provenance. */
  readonly isAdopted?: boolean;
}

export interface WriteRequest {
  readonly session: EngineSession;
  readonly outDir: string;
  readonly columns: readonly TargetColumn[];
  readonly provenance: boolean;
  readonly compression: 'zstd' | 'snappy';
  readonly pages: PageVersion;
  readonly sort: readonly string[];
  readonly targetBytes: number;
  /** Whether the content of the rows is asked for too. */
  readonly withContent: boolean;
  readonly signal?: AbortSignal;
}

/** An artifact may be this much larger than the target before it is split. */
export const OVERSIZE = 1.8;

const ENGINE = "SELECT current_setting('threads')::INTEGER AS threads, current_setting('memory_limit') AS memory";
/** Each thread holds a group of rows in memory until it is whole: half of the engine's own size, for 0.7% more bytes. */
const SMALL_GROUP = 61_440;

/** Whether the engine's memory, such as `488.2 MiB`, is less than a gibibyte. */
function isTight(memory: unknown): boolean {
  return /^[\d.]+ ([KM]iB|bytes)$/.test(String(memory));
}

/** Writes a slice's rows: one artifact, or several of about the target's size. */
export async function writeSlice(
  sources: readonly Source[],
  slice: number,
  request: WriteRequest,
): Promise<readonly WrittenArtifact[]> {
  const { session, outDir, columns, provenance, targetBytes, signal } = request;
  const [engine] = await session.query(ENGINE, signal);
  const reads = planReads(sources, provenance ? Number(engine?.threads ?? 1) : 1);
  const rowsPerGroup = isTight(engine?.memory) ? SMALL_GROUP : undefined;
  const select = unionSql(reads, columns, provenance);
  const path = join(outDir, `part-${slice}.parquet`);
  await rm(path, { force: true });
  const [answer] = await session.query(
    copySql(select, { ...request, path, ...(rowsPerGroup === undefined ? {} : { rowsPerGroup }) }),
    signal,
  );
  const rows = Number(answer?.count ?? 0);
  const { size } = await stat(path);
  if (rows === 0) {
    await rm(path);
    return [];
  }
  return cutToTarget({ path, rows, bytes: size }, { ...request, targetBytes });
}

/** Cuts an artifact that is much larger than the target into parts that differ by one row at most, in its own order. */
export async function cutToTarget(
  whole: WrittenArtifact,
  request: CutRequest & { readonly targetBytes: number },
): Promise<readonly WrittenArtifact[]> {
  const { targetBytes } = request;
  const parts = whole.bytes > targetBytes * OVERSIZE ? Math.min(whole.rows, Math.ceil(whole.bytes / targetBytes)) : 1;
  if (parts === 1) return [whole];
  const cuts = cutEvenly(whole.rows, parts).map(({ rows }) => rows);
  return cutArtifact(whole, cuts, request);
}

export type CutRequest = Pick<WriteRequest, 'session' | 'compression' | 'pages' | 'signal'>;

/** Cuts an artifact into so many rows each, in its own order; `cuts` holds all its rows. It is replaced by the parts. */
export async function cutArtifact(
  whole: WrittenArtifact,
  cuts: readonly number[],
  { session, compression, pages, signal }: CutRequest,
): Promise<readonly WrittenArtifact[]> {
  const artifacts: WrittenArtifact[] = [];
  const source = `${whole.path}.whole`;
  await rename(whole.path, source);
  await session.run('SET preserve_insertion_order = true', signal);
  try {
    let from = 0;
    for (const rows of cuts) {
      const path = whole.path.replace(/\.parquet$/, `-${artifacts.length}.parquet`);
      const range = `file_row_number >= ${from} AND file_row_number < ${from + rows}`;
      const select = `SELECT * FROM ${parquetSql([source])} WHERE ${range}`;
      await rm(path, { force: true });
      await session.run(copySql(select, { path, compression, pages, sort: [] }), signal);
      artifacts.push({ path, rows, bytes: (await stat(path)).size });
      from += rows;
    }
  } finally {
    await session.run('SET preserve_insertion_order = false').catch(() => {});
  }
  await rm(source);
  return artifacts;
}

/** What the artifacts hold. */
export interface RowsVerified {
  /** Objects whose own count was wrong (text whose lines are not rows). */
  readonly miscounted: readonly string[];
  /** Where content is asked for: rows and hash of each object, where rows tell theirs. */
  readonly found?: ReadonlyMap<string, Tally>;
}

/** Counts the artifacts' rows and compares them with what the sources hold, object by object where rows tell theirs. */
export async function verifyRows(
  artifacts: readonly WrittenArtifact[],
  sources: readonly Source[],
  { session, provenance, columns, withContent, signal }: WriteRequest,
): Promise<RowsVerified> {
  const expected = sources.reduce((sum, { rows = 0 }) => sum + rows, 0);
  const written = artifacts.reduce((sum, { rows }) => sum + rows, 0);
  if (!provenance || artifacts.length === 0)
    return { miscounted: written === expected ? [] : sources.map(({ object }) => object) };
  const paths = artifacts.map(({ path }) => path);
  const answers = await session.query(objectRowsSql(paths, withContent ? columns : []), signal);
  const counts = new Map(answers.map((row) => [row.object, row]));
  const miscounted = sources.flatMap(({ object, rows = 0 }) => {
    const { rows: count = 0, low = 0, high = -1, total = 0 } = counts.get(object) ?? {};
    const isWhole =
      Number(count) === rows &&
      Number(low) === 0 &&
      Number(high) === rows - 1 &&
      BigInt(String(total)) === (BigInt(rows) * BigInt(rows - 1)) / 2n;
    return isWhole ? [] : [object];
  });
  if (!withContent) return { miscounted };
  const found = answers.map(({ object, rows, content }): [string, Tally] => [
    String(object),
    { rows: Number(rows), sum: BigInt(String(content)) },
  ]);
  return { miscounted, found: new Map(found) };
}

/** Removes artifacts from scratch. */
export async function removeArtifacts(artifacts: readonly WrittenArtifact[]): Promise<void> {
  await Promise.all(artifacts.map(({ path }) => rm(path, { force: true })));
}

/** The error of rows that cannot be accounted for. */
export function countMismatch(
  sources: readonly Source[],
  artifacts: readonly WrittenArtifact[],
  objects: readonly string[],
): SluiceError {
  const expected = sources.reduce((sum, { rows = 0 }) => sum + rows, 0);
  const got = artifacts.reduce((sum, { rows }) => sum + rows, 0);
  return new SluiceError(
    'COUNT_MISMATCH',
    `expected ${expected} rows in the artifacts, got ${got}; first object: ${objects[0] ?? 'none'}`,
    {
      facts: { expected, got, objects: objects.length },
    },
  );
}
