import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileFormat } from '../../shared/config/dataset.js';
import { loadConfig } from '../../shared/config/load.js';
import { openEngine } from '../../shared/engine/open.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { openStore } from '../../shared/stores/open.js';
import type { ObjectStore } from '../../shared/stores/port.js';
import { type InputFile, resolveInputs } from '../inputs.js';
import type { CommonOptions, Io } from '../io.js';

/** What a command without services works with. */
export interface OfflineWork {
  readonly files: readonly InputFile[];
  /** Those of `join`, where it was given. */
  readonly others?: readonly InputFile[];
  /** Its files are gone when the command ends. */
  readonly scratch: string;
  readonly session: EngineSession;
  readonly signal: AbortSignal;
}

export interface OfflineOptions {
  readonly endpoint?: string;
  readonly region?: string;
  /** Where the scratch folder is made; default the system's temporary folder. */
  readonly scratchIn?: string;
  /** A second set of files. */
  readonly join?: string;
}

/** Options of the commands that find something out about files. */
export interface FindingOptions extends CommonOptions, OfflineOptions {
  readonly format: FileFormat;
  readonly strict?: boolean;
}

/** Resolves the URIs, opens one engine session over them, runs the work, and leaves nothing behind but its answer. */
export async function withFiles<T>(
  io: Io,
  uris: readonly string[],
  options: OfflineOptions,
  work: (work: OfflineWork) => Promise<T>,
): Promise<T> {
  const scratch = join(options.scratchIn ?? tmpdir(), `.sluice-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(scratch, { recursive: true });
  const engine = openEngine({ maxChildren: 1 });
  try {
    const files = await resolve(io, uris, options, scratch);
    const others = options.join === undefined ? undefined : await resolve(io, [options.join], options, scratch);
    const session = await engine.open({
      scratch,
      readable: [...new Set([...files, ...(others ?? [])].map(({ file }) => dirname(file)))],
      memoryLimit: `${Math.round(totalmem() / 2 / 1e6)}MB`,
      threads: availableParallelism(),
    });
    return await work({ files, ...(others === undefined ? {} : { others }), scratch, session, signal: io.signal });
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function resolve(
  io: Io,
  uris: readonly string[],
  options: OfflineOptions,
  scratch: string,
): Promise<readonly InputFile[]> {
  const { files, passedOver } = await resolveInputs(uris, {
    cwd: process.cwd(),
    scratch: await mkdtemp(join(scratch, 'in-')),
    openStore: storeOpener(io, options),
    signal: io.signal,
  });
  if (passedOver > 0) io.output.note(`${passedOver} files passed over: their endings name no known format`);
  return files;
}

/** Stores of s3:// URLs: the lake's settings where a configuration was named, the flags, else the AWS defaults. */
function storeOpener(io: Io, { endpoint, region }: OfflineOptions): (url: string) => ObjectStore {
  const lake = io.configFile === undefined ? undefined : loadConfig(io.configFile).lake;
  const given = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  };
  return (url) => openStore(url, { ...lake, ...given }).store;
}
