import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reference } from '../shared/config/references.js';
import { lackingColumns, namesIn, type ReferencedValues, type ValuesOf } from '../shared/checks/references.js';
import type { BatchId } from '../shared/ids.js';
import type { LoadedBatch } from '../shared/ledger/loaded.js';
import type { Artifact } from '../shared/ledger/manifest.js';
import { quoteName, quoteText } from '../shared/schema/columns.js';
import { fetchArtifact, sourceSql } from './batchScratch.js';
import type { WorkerContext } from './context.js';
import type { StepWork } from './runSteps.js';

const PAGE = 200;
/** The values that a worker keeps of artifacts that it has seen, in bytes; beyond that the oldest go. */
const KEPT_BYTES = 1e9;

type Context = Pick<WorkerContext, 'ledger' | 'lake' | 'sourceStore' | 'scratch'>;
type Work = Pick<StepWork, 'scratch' | 'signal'>;

/**
 * Reads the values of other datasets' columns from their loaded artifacts: the same rows whatever the targets are, and none that another
 * loader put into a table. Each artifact is fetched once by a worker, one at a time; its different values stay in the worker's scratch
 * folder, for artifacts never change.
 */
export function openReferencedValues(context: Context, work: Work): ValuesOf {
  return async (reference) => {
    const files = new Set<string>();
    let isEmpty = true;
    for await (const loaded of loadedBatches(context, reference.dataset)) {
      isEmpty = false;
      work.signal.throwIfAborted();
      for (const file of await readBatch(context, work, { reference, loaded })) files.add(file);
    }
    await makeRoom(join(context.scratch, 'references'));
    if (isEmpty) return { kind: 'fault', reason: `${reference.dataset} has no loaded rows yet` };
    if (files.size === 0) return { kind: 'fault', reason: lackingColumns(reference) };
    const source = `read_parquet([${[...files].map(quoteText).join(', ')}], union_by_name = true)`;
    return describe(work, source, reference);
  };
}

async function describe({ scratch, signal }: Work, source: string, { columns }: Reference): Promise<ReferencedValues> {
  const session = await scratch.session();
  const fields = columns.map((_, at) => `v${at}`).join(', ');
  const rows = await session.query(`DESCRIBE SELECT ${fields} FROM ${source}`, signal);
  return { kind: 'values', source, types: rows.map((row) => String(row['column_type'])) };
}

async function* loadedBatches({ ledger }: Context, dataset: string): AsyncGenerator<LoadedBatch> {
  let after: BatchId | undefined;
  do {
    const page = await ledger.loaded.list(dataset, after, PAGE);
    yield* page;
    after = page.length < PAGE ? undefined : page.at(-1)?.batch;
  } while (after !== undefined);
}

interface ReadBatch {
  readonly reference: Reference;
  readonly loaded: LoadedBatch;
}

/** The values of a batch, one file an artifact, in the folder of the step; none where the batch lacks a column. */
async function readBatch(context: Context, work: Work, { reference, loaded }: ReadBatch): Promise<readonly string[]> {
  const columns = namesIn(loaded.manifest.columns, reference);
  if (columns === undefined) return [];
  const kept = join(context.scratch, 'references');
  await mkdir(kept, { recursive: true });
  const files: string[] = [];
  for (const artifact of loaded.artifacts) {
    // An original is of one object, whose key has other bytes where it is gone.
    if (artifact.adopted !== undefined && loaded.gone.includes(artifact.adopted.object)) continue;
    const name = `${createHash('sha256')
      .update(JSON.stringify([artifact.sha256, columns, loaded.gone]))
      .digest('hex')}.parquet`;
    const file = join(work.scratch.folder, `referenced-${name}`);
    if (!(await linked(join(kept, name), file))) {
      await extract(context, work, { reference, loaded, artifact, columns, to: file });
      await keep(file, join(kept, name));
    }
    files.push(file);
  }
  return files;
}

interface Extract extends ReadBatch {
  readonly artifact: Artifact;
  readonly columns: readonly string[];
  readonly to: string;
}

async function extract(
  { lake, sourceStore }: Context,
  { scratch, signal }: Work,
  { reference, loaded, artifact, columns, to }: Extract,
): Promise<void> {
  const { gone, manifest } = loaded;
  const file = join(scratch.folder, `referenced-${randomUUID()}.parquet`);
  await fetchArtifact(artifact, { lake, sourceStore: () => sourceStore(reference.dataset), file, signal });
  const source = sourceSql({ artifacts: [artifact], columns: manifest.columns }, [file]);
  try {
    const values = columns.map(quoteName);
    const removed = gone.map((object) => `${quoteText(object)}::UUID`).join(', ');
    const rows = gone.length === 0 ? '' : ` AND _sluice_object NOT IN (${removed})`;
    const session = await scratch.session();
    await session.run(
      `COPY (SELECT DISTINCT ${values.map((value, at) => `${value} AS v${at}`).join(', ')} FROM ${source} WHERE ${values.map((value) => `${value} IS NOT NULL`).join(' AND ')}${rows}) TO ${quoteText(to)} (FORMAT parquet, COMPRESSION snappy)`,
      signal,
    );
  } finally {
    await rm(file, { force: true });
  }
}

/** True where the kept file was there. A step's engine reads nothing outside of its folder. */
async function linked(kept: string, file: string): Promise<boolean> {
  return link(kept, file).then(
    () => true,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EEXIST',
  );
}

/** Best effort: two steps may keep the same file at once, and each finds it whole. */
async function keep(file: string, kept: string): Promise<void> {
  const own = `${kept}.${randomUUID()}`;
  await link(file, own).then(
    () => rename(own, kept),
    () => {},
  );
}

async function makeRoom(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const info = await stat(join(folder, name)).catch(() => undefined);
      return info === undefined ? [] : [{ name, bytes: info.size, at: info.mtimeMs }];
    }),
  );
  const oldest = found.flat().sort((a, b) => a.at - b.at);
  let bytes = oldest.reduce((sum, one) => sum + one.bytes, 0);
  for (const one of oldest) {
    if (bytes <= KEPT_BYTES) return;
    await rm(join(folder, one.name), { force: true });
    bytes -= one.bytes;
  }
}
