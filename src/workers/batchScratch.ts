import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { limitStatements } from '../shared/engine/limits.js';
import type { Engine, EngineSession } from '../shared/engine/port.js';
import type { Artifact, Manifest } from '../shared/ledger/manifest.js';
import { SluiceError } from '../shared/errors.js';
import { PROVENANCE_COLUMNS, quoteName, quoteText } from '../shared/schema/columns.js';
import type { Ledger } from '../shared/ledger/port.js';
import type { ObjectStore } from '../shared/stores/port.js';

/** A batch's folder and engine session, shared by the steps that run in a row on one worker. */
export interface BatchScratch {
  readonly folder: string;
  /** The one session of this batch; opened on first use, replaced after its engine died. */
  session(): Promise<EngineSession>;
  /** Forgets a session whose engine died. */
  dropSession(): Promise<void>;
  /** From now on sessions are opened with one thread: slower, in less memory. */
  spare(): Promise<void>;
  /** The artifacts as a FROM-able expression over local files: those compact left here, else fetched from the lake. */
  source(manifest: Pick<Manifest, 'artifacts' | 'columns'>, signal: AbortSignal): Promise<string>;
  /** The local file of each artifact, in the manifest's order: those compact left here, else fetched from the lake. */
  files(manifest: Pick<Manifest, 'artifacts'>, signal: AbortSignal): Promise<readonly string[]>;
  /** Remembers the local file of an artifact that compact just put. */
  keep(key: string, file: string): void;
  /** What the ledger said of the batch after compact, once a step has read it. */
  view: BatchView | undefined;
  close(): Promise<void>;
}

/** What the ledger knows of a batch. */
export type BatchView = NonNullable<Awaited<ReturnType<Ledger['read']['batch']>>>;

interface ScratchOptions {
  readonly folder: string;
  readonly engine: Engine;
  readonly lake: ObjectStore;
  /** Where the dataset's files arrive; asked for originals that were left as they are. */
  readonly sourceStore: () => ObjectStore;
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

const FETCHES_AT_ONCE = 4;
/** No statement of a step takes this long over a batch of usual size; one that does keeps a worker from all others. */
const STATEMENT_MS = 15 * 60_000;

/** Opens a scratch folder of a batch; close() removes it with all it holds. */
export async function openBatchScratch({
  folder,
  engine,
  lake,
  sourceStore,
  memoryLimitBytes,
  threads,
}: ScratchOptions): Promise<BatchScratch> {
  await mkdir(folder, { recursive: true });
  const files = new Map<string, string>();
  const { session, dropSession, spare } = holdSession({ folder, engine, memoryLimitBytes, threads });
  let fetched = 0;
  const fetchFiles = async (manifest: Pick<Manifest, 'artifacts'>, signal: AbortSignal): Promise<readonly string[]> => {
    const limit = pLimit(FETCHES_AT_ONCE);
    return await Promise.all(
      manifest.artifacts.map((artifact) =>
        limit(async () => {
          const known = files.get(artifact.key);
          if (known !== undefined) return known;
          const file = join(folder, `fetched-${fetched++}.parquet`);
          await fetchArtifact(artifact, { lake, sourceStore, file, signal });
          files.set(artifact.key, file);
          return file;
        }),
      ),
    );
  };
  return {
    folder,
    view: undefined,
    session,
    dropSession,
    spare,
    keep: (key, file) => void files.set(key, file),
    files: fetchFiles,
    source: async (manifest, signal) =>
      manifest.artifacts.length === 0 ? noRows(manifest) : sourceSql(manifest, await fetchFiles(manifest, signal)),
    close: async () => {
      await dropSession();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where an artifact may lie, and the file that it is fetched to. */
export interface ArtifactFetch extends Pick<ScratchOptions, 'lake' | 'sourceStore'> {
  readonly file: string;
  readonly signal: AbortSignal;
}

/** Fetches the very bytes that compact committed. Errors: OBJECT_CHANGED, and those of the store. */
export async function fetchArtifact(
  { key, eTag, bytes: size, sha256, adopted }: Artifact,
  { lake, sourceStore, file, signal }: ArtifactFetch,
): Promise<void> {
  const { bucket = lake.bucket, versionId } = adopted ?? {};
  const store = bucket === lake.bucket ? lake : sourceStore();
  if (store.bucket !== bucket)
    throw new SluiceError(
      'OBJECT_MISSING',
      `expected ${key} in ${bucket}, where it was loaded from, got ${store.bucket}`,
    );
  const version = versionId === undefined ? {} : { versionId };
  const got = await store.getToFile({ key, eTag, size, file, signal, ...version });
  if (got.sha256 === sha256) return;
  throw new SluiceError('OBJECT_CHANGED', `expected the bytes of ${key} that compact committed, got others`);
}

/** The rows of fetched artifacts, with provenance; those of an original get theirs here. */
export function sourceSql(
  { artifacts, columns }: Pick<Manifest, 'artifacts' | 'columns'>,
  files: readonly string[],
): string {
  // A folder of the scratch may look like a partition: it is none.
  const read = `read_parquet([${files.map(quoteText).join(', ')}], hive_partitioning = false)`;
  const adopted = artifacts[0]?.adopted;
  if (adopted === undefined) return read;
  const names = columns.map(({ name }) => quoteName(name));
  const place = [`${quoteText(adopted.object)}::UUID AS _sluice_object`, 'file_row_number AS _sluice_row'];
  return `(SELECT ${[...names, ...place].join(', ')} FROM ${read})`;
}

/** Opens the session of a batch when it is wanted, and again after it was dropped. */
function holdSession({
  folder,
  engine,
  memoryLimitBytes,
  threads,
}: Omit<ScratchOptions, 'lake' | 'sourceStore'>): Pick<BatchScratch, 'session' | 'dropSession' | 'spare'> {
  let opened: Promise<EngineSession> | undefined;
  let atOnce = threads;
  const dropSession = async () => {
    const dropped = opened;
    opened = undefined;
    await dropped?.then((session) => session.close()).catch(() => {});
  };
  return {
    session: () =>
      (opened ??= engine
        .open({ scratch: folder, memoryLimit: `${Math.floor(memoryLimitBytes / 1e6)}MB`, threads: atOnce })
        .then((session) => limitStatements(session, STATEMENT_MS))),
    dropSession,
    spare: async () => {
      if (atOnce === 1) return;
      atOnce = 1;
      await dropSession();
    },
  };
}

/** The columns of a manifest without artifacts. */
function noRows({ columns }: Pick<Manifest, 'columns'>): string {
  const fields = [...columns, ...PROVENANCE_COLUMNS].map(({ name, type }) => `NULL::${type} AS ${quoteName(name)}`);
  return `(SELECT ${fields.join(', ')} WHERE false)`;
}
