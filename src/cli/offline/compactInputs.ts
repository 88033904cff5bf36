import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { objectId } from '../../shared/ids.js';
import { ERROR_CATALOGUE, type ErrorCode, SluiceError } from '../../shared/errors.js';
import { readHivePath } from '../../workers/compact/hive.js';
import { compactFiles, type CompactFilesResult } from '../../workers/compact/compactFiles.js';
import type { FileFormat, TextEncoding, PageVersion } from '../../shared/config/dataset.js';
import type { InputFile } from '../inputs.js';
import type { OfflineWork } from './session.js';

export interface CompactSettings {
  readonly format: FileFormat;
  readonly encoding: TextEncoding;
  readonly compression: 'zstd' | 'snappy';
  readonly pages: PageVersion;
  readonly sort: readonly string[];
  /** Bytes of one artifact, about. */
  readonly targetBytes: number;
}

/** What became of one file. */
export interface CompactedObject {
  readonly uri: string;
  /** Rows that went into the artifacts. */
  readonly rows: number;
  readonly state: 'included' | 'quarantined';
  readonly code?: ErrorCode;
  readonly reason?: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** The answer of `sluice compact`. */
export interface CompactReport {
  readonly objects: readonly CompactedObject[];
  readonly artifacts: readonly { readonly path: string; readonly rows: number; readonly bytes: number }[];
  readonly rows: { readonly in: number; readonly out: number };
  readonly seconds: number;
}

const DEFAULTS: CompactSettings = {
  format: 'auto',
  encoding: 'auto',
  compression: 'zstd',
  pages: 'v2',
  sort: [],
  targetBytes: 256e6,
};

/** Compacts the files into scratch: one schema comes out, bad files are set aside with their reasons. */
export async function compactInScratch(
  { files, scratch, session, signal }: OfflineWork,
  settings: Partial<CompactSettings> & { readonly provenance?: boolean } = {},
): Promise<{ objects: readonly CompactedObject[]; result: CompactFilesResult }> {
  const { format, encoding, compression, pages, sort, targetBytes } = { ...DEFAULTS, ...settings };
  const outDir = join(scratch, 'out');
  await mkdir(outDir, { recursive: true });
  const inputs = files.map((file) => ({ object: idOf(file), name: file.uri, file: file.file }));
  const result = await compactFiles({
    session,
    scratch,
    inputs: inputs.filter((_, index) => files[index]?.bytes !== 0),
    outDir,
    format,
    encoding,
    hive: haveSameFolders(files),
    evolution: 'widen',
    compression,
    pages,
    sort,
    targetBytes,
    provenance: settings.provenance ?? false,
    // Whoever waits may end it: thousands of columns take minutes.
    statementTime: { leastMs: 600_000, bytesPerSecond: 1e6 },
    signal,
  });
  const answers = new Map<string, CompactFilesResult['objects'][number]>(
    result.objects.map((answer) => [answer.object, answer]),
  );
  return { objects: files.map((file) => describeObject(file, answers.get(idOf(file)))), result };
}

/** Compacts the files and moves the artifacts to `out`. Throws USAGE when artifacts of an earlier call stand there, unless told to replace them. */
export async function compactInputs(
  work: OfflineWork,
  { out, replace, ...settings }: Partial<CompactSettings> & { readonly out: string; readonly replace: boolean },
): Promise<CompactReport> {
  const startedAt = performance.now();
  const old = (await readdir(out)).filter((name) => ARTIFACT.test(name));
  if (old.length > 0 && !replace) {
    throw new SluiceError(
      'USAGE',
      `expected no artifacts in ${out}, got ${old.length}; give another --out, or --replace`,
    );
  }
  const { objects, result } = await compactInScratch(work, settings);
  await Promise.all(old.map((name) => rm(join(out, name))));
  const artifacts = [];
  for (const [index, { path, rows }] of result.artifacts.entries()) {
    const place = join(out, `part-${String(index).padStart(5, '0')}.parquet`);
    await moveFile(path, place);
    artifacts.push({ path: place, rows, bytes: (await stat(place)).size });
  }
  return { objects, artifacts, rows: result.rows, seconds: (performance.now() - startedAt) / 1000 };
}

/** `name=value` folders are columns where every file has the same names. */
function haveSameFolders(files: readonly InputFile[]): boolean {
  const names = new Set(files.map(({ uri }) => JSON.stringify(readHivePath(uri).map(({ name }) => name))));
  return names.size === 1 && !names.has('[]');
}

const ARTIFACT = /^part-\d{5,}\.parquet$/;

function idOf({ uri, bytes }: InputFile) {
  return objectId({ bucket: 'local', key: uri, eTag: '', size: bytes, generation: 0 });
}

function describeObject(file: InputFile, answer: CompactFilesResult['objects'][number] | undefined): CompactedObject {
  const { uri } = file;
  if (answer?.kind === 'included') return { uri, rows: answer.rows, state: 'included' };
  const { code, reason } = answer ?? {
    code: 'OBJECT_EMPTY' as const,
    reason: 'expected data, got a file of zero bytes',
  };
  return { uri, rows: 0, state: 'quarantined', code, reason, mend: ERROR_CATALOGUE[code].mend };
}

async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV') throw error;
    await copyFile(from, to);
  });
}
