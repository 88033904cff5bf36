import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { limitStatements } from '../shared/engine/limits.js';
import type { Engine, EngineSession } from '../shared/engine/port.js';
import type { Manifest } from '../shared/ledger/manifest.js';
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
  source(manifest: Manifest, signal: AbortSignal): Promise<string>;
  /** The local file of each artifact, in the manifest's order: those compact left here, else fetched from the lake. */
  files(manifest: Manifest, signal: AbortSignal): Promise<readonly string[]>;
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
  memoryLimitBytes,
  threads,
}: ScratchOptions): Promise<BatchScratch> {
  await mkdir(folder, { recursive: true });
  const files = new Map<string, string>();
  const { session, dropSession, spare } = holdSession({ folder, engine, memoryLimitBytes, threads });
  const fetchFiles = async (manifest: Manifest, signal: AbortSignal): Promise<readonly string[]> => {
    const limit = pLimit(FETCHES_AT_ONCE);
    return await Promise.all(
      manifest.artifacts.map((artifact, index) =>
        limit(async () => {
          const known = files.get(artifact.key);
          if (known !== undefined) return known;
          const file = join(folder, `fetched-${index}.parquet`);
          await lake.getToFile({ key: artifact.key, eTag: artifact.eTag, size: artifact.bytes, file, signal });
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
      manifest.artifacts.length === 0
        ? noRows(manifest)
        : `read_parquet([${(await fetchFiles(manifest, signal)).map(quoteText).join(', ')}])`,
    close: async () => {
      await dropSession();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Opens the session of a batch when it is wanted, and again after it was dropped. */
function holdSession({
  folder,
  engine,
  memoryLimitBytes,
  threads,
}: Omit<ScratchOptions, 'lake'>): Pick<BatchScratch, 'session' | 'dropSession' | 'spare'> {
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
function noRows({ columns }: Manifest): string {
  const fields = [...columns, ...PROVENANCE_COLUMNS].map(({ name, type }) => `NULL::${type} AS ${quoteName(name)}`);
  return `(SELECT ${fields.join(', ')} WHERE false)`;
}
