import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { SluiceError } from '../../shared/errors.js';

const run = promisify(execFile);

/** Whom the server runs as, when that is not who runs Sluice. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Postgres refuses to run as root. For root this is the owner of the existing data folder, else `postgres`, else `nobody`;
 * for anybody else undefined: the server runs as oneself. SERVICE_NOT_STARTED when root finds no such user.
 */
export function serverUser(dataDir: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(dataDir, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const found = lookUp('postgres') ?? lookUp('nobody');
  if (found === undefined)
    throw new SluiceError(
      'SERVICE_NOT_STARTED',
      'expected a user postgres or nobody to run Postgres as (it refuses root), got neither in /etc/passwd',
    );
  return found;
}

/** Whether that user (or oneself) can enter the folder: asked of the system, so access lists count too. */
export async function canEnter(folder: string, user: ServerUser | undefined): Promise<boolean> {
  return succeeds('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], user);
}

/** Whether a program runs and ends well as that user. */
export async function succeeds(
  program: string,
  args: readonly string[],
  user: ServerUser | undefined,
): Promise<boolean> {
  try {
    await run(program, [...args], { ...user, cwd: '/', env: { LC_ALL: 'C' } });
    return true;
  } catch {
    return false;
  }
}

function lookUp(name: string): ServerUser | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    // macOS writes nobody as -2; the system call wants it unsigned
    if (user === name && uid !== undefined && gid !== undefined)
      return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  }
  return undefined;
}
