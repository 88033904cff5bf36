import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { SluiceError } from '../../shared/errors.js';
import { canEnter, type ServerUser } from './serverUser.js';

const run = promisify(execFile);

/** The superuser that owns the cluster. */
export const SUPERUSER = 'sluice';

const secretsSchema = z.object({ password: z.string(), port: z.int().optional() });
export type ClusterSecrets = z.infer<typeof secretsSchema>;

export interface ClusterOptions {
  readonly dataDir: string;
  readonly initdb: string;
  readonly user: ServerUser | undefined;
  /** False skips the sync to disk: for clusters that are thrown away. */
  readonly durable: boolean;
  /** Where the data lies when the server's user cannot enter the folder around `dataDir` (root, in a private home). */
  readonly sharedDir: string;
}

/**
 * The real path of a cluster, made first when there is none: UTF-8, code point order, password over TCP only. It appears
 * complete or not at all. The caller holds the cluster's lock.
 */
export async function openCluster(options: ClusterOptions): Promise<string> {
  const { dataDir } = options;
  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    requireAccess(dataDir);
    return realpathSync(dataDir);
  }
  requireUnused(dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  const within = await canEnter(dirname(dataDir), options.user);
  const place = within ? dataDir : sharedPlace(options.sharedDir);
  await initialise(place, options);
  if (!within) symlinkSync(place, dataDir);
  return realpathSync(dataDir);
}

/** The password, and the port of the last run. Undefined when the folder is no cluster of Sluice, or not one's own. */
export function readSecrets(dataDir: string): ClusterSecrets | undefined {
  try {
    return secretsSchema.parse(JSON.parse(readFileSync(join(dataDir, 'sluice.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Keeps them, for the owner of the folder alone to read. */
export function writeSecrets(dataDir: string, secrets: ClusterSecrets): void {
  const file = join(dataDir, 'sluice.json');
  writeFileSync(`${file}.new`, JSON.stringify(secrets), { mode: 0o600 });
  const { uid, gid } = statSync(dataDir);
  if (process.getuid?.() === 0) chownSync(`${file}.new`, uid, gid);
  renameSync(`${file}.new`, file);
}

async function initialise(place: string, { initdb, user, durable }: ClusterOptions): Promise<void> {
  const draft = `${place}.new`;
  const password = randomBytes(24).toString('base64url');
  rmSync(draft, { recursive: true, force: true }); // of a process that died here
  for (const folder of [draft, join(draft, 'data')]) {
    mkdirSync(folder, { mode: 0o700 });
    give(folder, user);
  }
  writeFileSync(join(draft, 'password'), password, { mode: 0o600 });
  give(join(draft, 'password'), user);
  const sync = durable ? [] : ['--no-sync'];
  const locale = await localeOf(initdb, user);
  const args = [
    '-D',
    join(draft, 'data'),
    '-U',
    SUPERUSER,
    '--auth=scram-sha-256',
    `--pwfile=${join(draft, 'password')}`,
    ...locale,
    '--no-instructions',
    ...sync,
  ];
  try {
    await run(initdb, args, { ...user, cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' } });
    writeSecrets(join(draft, 'data'), { password });
    renameSync(join(draft, 'data'), place);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('SERVICE_NOT_STARTED', `expected initdb to make a cluster in ${place}, got: ${said}`, {
      cause,
    });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Postgres's own C.UTF-8, the same everywhere; before version 17 the system's. */
async function localeOf(initdb: string, user: ServerUser | undefined): Promise<readonly string[]> {
  const { stdout } = await run(initdb, ['--version'], { ...user, cwd: '/' });
  const version = Number(/\d+/.exec(String(stdout))?.[0] ?? 0);
  if (version < 17) return ['--encoding=UTF8', '--locale=C.UTF-8'];
  return ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
}

function give(path: string, user: ServerUser | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

/** A random name: a project whose data folder was removed must not meet its old data again. */
function sharedPlace(sharedDir: string): string {
  mkdirSync(sharedDir, { recursive: true, mode: 0o755 });
  return join(sharedDir, `data-${randomBytes(8).toString('hex')}`);
}

/** A link that leads nowhere or an empty folder may be replaced; anything else in the way is somebody's. */
function requireUnused(dataDir: string): void {
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  if (found === undefined) return;
  try {
    if (found.isSymbolicLink() && !existsSync(dataDir)) rmSync(dataDir);
    else rmSync(dataDir, { recursive: false });
  } catch (cause) {
    throw new SluiceError(
      'SERVICE_NOT_STARTED',
      `expected a Postgres cluster or nothing at ${dataDir}, got something else`,
      { cause },
    );
  }
}

function requireAccess(dataDir: string): void {
  const owner = statSync(dataDir).uid;
  const self = process.getuid?.();
  if (self === undefined || self === 0 || self === owner) return;
  throw new SluiceError(
    'SERVICE_NOT_STARTED',
    `expected ${dataDir} to belong to the user ${self}, got the owner ${owner}: it was made by a run as another user`,
    { facts: { owner } },
  );
}
