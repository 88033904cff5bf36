import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../shared/config/config.js';
import type { Artifact, Manifest, ManifestLayout, ManifestObject } from '../../shared/ledger/manifest.js';
import type { WorkerContext } from '../context.js';
import type { StepWork } from '../runSteps.js';
import type { CompactFilesResult } from './compactFiles.js';
import type { FetchedObject } from './fetchObjects.js';
import { layOut } from './layOut.js';
import type { RuledRows } from './rulesAside.js';
import { asideSql } from './sql.js';
import type { WrittenArtifact } from './write.js';

export interface PutRequest {
  readonly dataset: Dataset;
  readonly result: CompactFilesResult;
  /** What the batch was made of. */
  readonly fetched: readonly FetchedObject[];
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
  { dataset, result, fetched, tries }: PutRequest,
): Promise<PutArtifacts> {
  const { skew, compact, batch } = dataset;
  const laidOut = await layOut({
    session: await work.scratch.session(),
    skew,
    compression: compact.compression,
    pages: compact.pages,
    sort: compact.sort,
    targetBytes: batch.targetBytes,
    outDir: join(work.scratch.folder, `laid-out-${tries}`),
    result,
    signal: work.signal,
  });
  const artifacts: Artifact[] = [];
  const { folder, name } = placeOf(work, compact.prefix, tries);
  for (const [index, artifact] of laidOut.artifacts.entries())
    artifacts.push(
      adoptArtifact(work, artifact, fetched) ??
        (await putArtifact(context, work, artifact, `${folder}${name}-${index}.parquet`)),
    );
  const { layout, hotList } = laidOut;
  if (layout === undefined || hotList === undefined) return { artifacts, layout };
  const list = await putArtifact(context, work, hotList, `${folder}_hot-${name}-0.parquet`);
  return { artifacts, layout: { ...layout, hotList: list } };
}

/** The original itself, where it was left as it is. */
function adoptArtifact(
  { objects, scratch }: StepWork,
  { path, rows, isAdopted = false }: WrittenArtifact,
  fetched: readonly FetchedObject[],
): Artifact | undefined {
  const [original] = objects;
  const own = fetched.find(({ file }) => file === path);
  if (!isAdopted || original === undefined || own === undefined) return undefined;
  const { object, bucket, key, eTag, size: bytes, versionId } = original;
  scratch.keep(key, path);
  const adopted = { object, bucket, ...(versionId === undefined ? {} : { versionId }) };
  return { key, eTag, bytes, rows, sha256: own.sha256, adopted };
}

async function putArtifact(
  context: WorkerContext,
  work: StepWork,
  { path, rows }: WrittenArtifact,
  key: string,
): Promise<Artifact> {
  const { eTag, bytes, sha256 } = await context.lake.putFile({
    key,
    file: path,
    contentType: 'application/vnd.apache.parquet',
    signal: work.signal,
  });
  work.scratch.keep(key, path);
  return { key, eTag, bytes, rows, sha256 };
}

/** Puts the rows that were taken out of the objects that the manifest includes: those that could not be read or cast, those that broke rules. */
export async function putAside(
  context: WorkerContext,
  work: StepWork,
  { dataset, result, tries, broken, objects }: AsideRequest,
): Promise<Manifest['aside']> {
  const parts = [
    ...(await putTexts(context, work, { dataset, result, tries, objects })),
    ...(await putBroken(context, work, { dataset, tries, broken, objects })),
  ];
  return parts.length === 0 ? undefined : parts;
}

type AsidePart = NonNullable<Manifest['aside']>[number];

interface AsideRequest extends Omit<PutRequest, 'fetched'> {
  readonly objects: readonly ManifestObject[];
  /** Rows that broke rules. */
  readonly broken?: RuledRows['broken'];
}

async function putBroken(
  context: WorkerContext,
  work: StepWork,
  { dataset, tries, broken, objects }: Omit<AsideRequest, 'result'>,
): Promise<readonly AsidePart[]> {
  if (broken === undefined) return [];
  const { folder, name } = placeOf(work, dataset.compact.prefix, tries);
  const artifact = await putArtifact(context, work, broken.file, `${folder}_rows-${name}-1.parquet`);
  const found = new Map(broken.objects.map((one) => [one.object, one]));
  const included = objects.flatMap(({ kind, object }) => {
    const { rows, reason } = (kind === 'included' ? found.get(object) : undefined) ?? {};
    return rows === undefined || reason === undefined ? [] : [{ object, rows, code: 'CHECK_FAILED' as const, reason }];
  });
  return included.length === 0 ? [] : [{ artifact, objects: included }];
}

async function putTexts(
  context: WorkerContext,
  work: StepWork,
  { dataset, result, tries, objects }: AsideRequest,
): Promise<readonly AsidePart[]> {
  const included = objects.filter(({ kind }) => kind === 'included');
  const known = new Set<string>(included.map(({ object }) => object));
  const rows = result.aside.filter(({ object }) => known.has(object));
  if (rows.length === 0) return [];
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
        : [
            {
              object,
              rows: own.length,
              code: first.code,
              reason: `${first.isRow === true ? 'row' : 'line'} ${first.line}: ${first.reason}`,
            },
          ];
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
