import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileFormat } from '../../shared/config/dataset.js';
import { loadConfig } from '../../shared/config/load.js';
import { openEngine } from '../../shared/engine/open.js';
import type { EngineSession } from '../../shared/engine/port.js';
import { SluiceError } from '../../shared/errors.js';
import { openStore } from '../../shared/stores/open.js';
import type { ObjectStore } from '../../shared/stores/port.js';
import { type InputFile, resolveInputs } from '../inputs.js';
import type { CommonOptions, Io } from '../io.js';

/** What a command without services works with. */
export interface OfflineWork {
  readonly files: readonly InputFile[];
  /** Those of `join`, where it was given. */
  readonly others?: readonly InputFile[];
  /** Files of other datasets, by their names. */
  readonly references: ReadonlyMap<string, readonly InputFile[]>;
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
  /** Files of other datasets: `customers=URI`, in the order they were given. */
  readonly reference?: readonly string[];
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
    const references = new Map<string, readonly InputFile[]>();
    for (const [name, given] of groupReferences(options.reference ?? []))
      references.set(name, await resolve(io, given, options, scratch));
    const session = await engine.open({
      scratch,
      readable: [...new Set([files, others ?? [], ...references.values()].flat().map(({ file }) => dirname(file)))],
      memoryLimit: `${Math.round(totalmem() / 2 / 1e6)}MB`,
      threads: availableParallelism(),
    });
    return await work({
      files,
      ...(others === undefined ? {} : { others }),
      references,
      scratch,
      session,
      signal: io.signal,
    });
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `name=URI` texts as the URIs of each name. */
export function groupReferences(given: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  for (const text of given) {
    const [, name = '', uri = ''] = /^([^=]*)=(.*)$/.exec(text) ?? [];
    if (name === '' || uri === '')
      throw new SluiceError('USAGE', `expected --reference such as customers=./customers, got ${text}`);
    groups.set(name, [...(groups.get(name) ?? []), uri]);
  }
  return groups;
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
