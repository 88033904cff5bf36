import { execFile, type ExecFileOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '../../shared/errors.js';
import { isUsable, type RedisProgram } from './server.js';

const run = promisify(execFile);

export interface DebianOptions {
  readonly cacheDir: string;
  /** Throw SERVICE_NOT_STARTED instead of answering undefined. */
  readonly required: boolean;
  readonly log: (line: string) => void;
  /** Where apt-get and dpkg are looked for. Default: this process's PATH. */
  readonly searchPath?: string | undefined;
}

const LIMIT_MS = 15_000;
/** After a failure nothing is tried for a day: a machine without network should not wait at each start. */
const RETRY_MS = 24 * 3_600_000;
const PACKAGES = ['redis-server', 'redis-tools'];
/** On every such system already. */
const PRESENT = /^(libc6|libgcc-s1|libstdc\+\+6)(:|$)/;

/**
 * On Debian and Ubuntu: the distribution's own Redis, fetched and unpacked without root into the cache folder (about 2 MB; apt
 * verifies it), within 15 seconds. Undefined wherever that does not work.
 */
export async function fetchDebianRedis({
  cacheDir,
  required,
  log,
  searchPath,
}: DebianOptions): Promise<RedisProgram | undefined> {
  const root = join(cacheDir, `redis-debian-${process.arch}`);
  const failed = `${root}.failed`;
  try {
    const cached = unpackedProgram(root);
    if (await isUsable(cached)) return cached;
    if (!required && Date.now() - (statSync(failed, { throwIfNoEntry: false })?.mtimeMs ?? 0) < RETRY_MS)
      return undefined;
    if (!isDebian()) throw new Error('this is neither Debian nor Ubuntu');
    log('fetching the redis-server package of this distribution');
    mkdirSync(cacheDir, { recursive: true });
    await unpackInto(root, searchPath);
    if (!(await isUsable(cached))) throw new Error('the unpacked redis-server does not run');
    rmSync(failed, { force: true });
    return cached;
  } catch (cause) {
    noteFailure(failed);
    if (!required) return undefined;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError(
      'SERVICE_NOT_STARTED',
      `expected the redis-server package of this distribution, got: ${said}`,
      { cause },
    );
  }
}

function unpackedProgram(root: string): RedisProgram {
  const libraries = ['usr/lib', 'lib'].flatMap((lib) => {
    const folder = join(root, lib);
    return existsSync(folder)
      ? [
          folder,
          ...readdirSync(folder)
            .filter((name) => name.includes('-linux-'))
            .map((name) => join(folder, name)),
        ]
      : [];
  });
  return { kind: 'debian', command: join(root, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraries.join(':') } };
}

async function unpackInto(root: string, searchPath: string | undefined): Promise<void> {
  const draft = `${root}.${randomBytes(6).toString('hex')}`;
  const env = searchPath === undefined ? {} : { env: { PATH: searchPath } };
  const limits = { signal: AbortSignal.timeout(LIMIT_MS), ...env };
  mkdirSync(join(draft, 'debs'), { recursive: true });
  try {
    const options = { cwd: join(draft, 'debs'), ...limits };
    await run('apt-get', ['download', ...PACKAGES, ...(await libraries(limits))], options);
    for (const deb of readdirSync(options.cwd)) await run('dpkg', ['-x', join(options.cwd, deb), draft], limits);
    rmSync(options.cwd, { recursive: true });
    rmSync(root, { recursive: true, force: true });
    renameSync(draft, root);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The libraries that the packages name, as this release calls them. */
async function libraries(limits: ExecFileOptions): Promise<string[]> {
  const quiet = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const { stdout } = await run('apt-cache', ['depends', ...quiet, ...PACKAGES], limits);
  const names = [...String(stdout).matchAll(/: (lib[^\s<]+)/g)].map(([, name = '']) => name);
  return [...new Set(names)].filter((name) => name !== '' && !PRESENT.test(name));
}

function isDebian(): boolean {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

function noteFailure(file: string): void {
  try {
    writeFileSync(file, '');
  } catch {
    // no cache folder to write in: then each start tries
  }
}
