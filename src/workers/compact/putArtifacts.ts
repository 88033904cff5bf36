import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Dataset } from '../../shared/config/config.js';
import type { Artifact, Manifest, ManifestLayout, ManifestObject } from '../../shared/ledger/manifest.js';
import type { WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import type { CompactFilesResult } from './compactFiles.js';
import { layOut } from './layOut.js';
import { asideSql } from './sql.js';
import type { WrittenArtifact } from './write.js';

export interface PutRequest {
  readonly dataset: Dataset;
  readonly result: CompactFilesResult;
  /** From 1: which look around this is. */
  readonly tries: number;
}

/** What was put. */
export interface PutArtifacts {
  readonly artifacts: readonly Artifact[];
  readonly layout?: ManifestLayout | undefined;
}

/** Lays the rows out as the dataset asks, and puts the artifacts. */
export async function putArtifacts(
  context: WorkerContext,
  work: StepWork,
  { dataset, result, tries }: PutRequest,
): Promise<PutArtifacts> {
  const { skew, compact, batch } = dataset;
  const laidOut = await layOut({
    session: await work.scratch.session(),
    skew,
    compression: compact.compression,
    sort: compact.sort,
    targetBytes: batch.targetBytes,
    outDir: join(work.scratch.folder, `laid-out-${tries}`),
    result,
    signal: work.signal,
  });
  const artifacts: Artifact[] = [];
  const { folder, name } = placeOf(work, compact.prefix, tries);
  for (const [index, artifact] of laidOut.artifacts.entries())
    artifacts.push(await putArtifact(context, work, artifact, `${folder}${name}-${index}.parquet`));
  const { layout, hotList } = laidOut;
  if (layout === undefined || hotList === undefined) return { artifacts, layout };
  const list = await putArtifact(context, work, hotList, `${folder}_hot-${name}-0.parquet`);
  return { artifacts, layout: { ...layout, hotList: list } };
}

async function putArtifact(
  context: WorkerContext,
  work: StepWork,
  { path, rows }: WrittenArtifact,
  key: string,
): Promise<Artifact> {
  const sha256 = await hashFile(path);
  const { eTag, bytes } = await context.lake.putFile({
    key,
    file: path,
    contentType: 'application/vnd.apache.parquet',
    signal: work.signal,
  });
  work.scratch.keep(key, path);
  return { key, eTag, bytes, rows, sha256 };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Puts the rows that were taken out of the objects that the manifest includes; undefined when there are none. */
export async function putAside(
  context: WorkerContext,
  work: StepWork,
  { dataset, result, tries, objects }: PutRequest & { readonly objects: readonly ManifestObject[] },
): Promise<Manifest['aside']> {
  const included = objects.filter(({ kind }) => kind === 'included');
  const known = new Set<string>(included.map(({ object }) => object));
  const rows = result.aside.filter(({ object }) => known.has(object));
  if (rows.length === 0) return undefined;
  const outDir = join(work.scratch.folder, `aside-${tries}`);
  await mkdir(outDir, { recursive: true });
  const [lines, path] = [join(outDir, 'rows.ndjson'), join(outDir, 'rows.parquet')];
  await writeFile(lines, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await (await work.scratch.session()).run(asideSql(lines, path), work.signal);
  const { folder, name } = placeOf(work, dataset.compact.prefix, tries);
  const { size: bytes } = await stat(path);
  const artifact = await putArtifact(
    context,
    work,
    { path, rows: rows.length, bytes },
    `${folder}_rows-${name}-0.parquet`,
  );
  const part = {
    artifact,
    objects: included.flatMap(({ object }) => {
      const own = rows.filter((row) => row.object === object);
      const [first] = own;
      return first === undefined
        ? []
        : [{ object, rows: own.length, code: first.code, reason: `line ${first.line}: ${first.reason}` }];
    }),
  };
  return [part];
}

/** Folder and name of an attempt's artifacts. */
function placeOf({ claim }: StepWork, prefix: string, tries: number): { folder: string; name: string } {
  const { batch, attempt, partition } = claim;
  return {
    folder: `${prefix}${partition === '' ? '' : `${partition}/`}`,
    name: `${batch}-${attempt}${tries === 1 ? '' : `.${tries}`}`,
  };
}
