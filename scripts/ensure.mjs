// Makes a checkout ready to run: dependencies as package-lock.json names them, and with `--build` src compiled into dist.
// Plain JavaScript with no dependencies, since it runs before there are any. Says what it does on standard error only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...names) => join(root, ...names);
const installStamp = inRoot('node_modules', '.sluice-install');
const buildStamp = inRoot('dist', '.built');

/** Installs and builds what is missing or stale. Safe when several processes do so at once. Throws with the failed command's output. */
export async function ensure({ build }) {
  if (isInstalled() && (!build || isBuilt())) return;
  await underLock(async () => {
    if (!isInstalled()) install();
    if (build && !isBuilt()) compile();
  });
}

function isInstalled() {
  const folder = inRoot('node_modules');
  if (!existsSync(folder)) return false;
  if (lstatSync(folder).isSymbolicLink()) return true; // a linked install is somebody else's to keep
  const wanted = digest(readFileSync(inRoot('package-lock.json')));
  if (existsSync(installStamp)) return readFileSync(installStamp, 'utf8') === wanted;
  // installed by hand: npm notes in this file what it installed
  const noted = statSync(inRoot('node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return noted !== undefined && noted.mtimeMs >= statSync(inRoot('package-lock.json')).mtimeMs;
}

/**
 * `npm ci` refuses a lock that lacks a package which some platform's optional dependency names, even one this machine never installs,
 * and npm leaves such packages out of the lock where its registry has no copy of them. So the lock names every platform's package:
 * after `npm install`, put back those that it dropped, and see `npm ci --dry-run` succeed.
 */
function install() {
  const took = stopwatch();
  say('installing dependencies (npm ci)');
  npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(installStamp, digest(readFileSync(inRoot('package-lock.json'))));
  process.env.SLUICE_INSTALL_SECONDS = took(); // the demo tells it
  say(`dependencies installed in ${process.env.SLUICE_INSTALL_SECONDS} s`);
}

function isBuilt() {
  return existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === sourceDigest();
}

/** Compiles beside dist and swaps it in, so that no half-written dist is ever run and no deleted source lives on. */
function compile() {
  const took = stopwatch();
  const [draft, old] = [inRoot('dist.new'), inRoot('dist.old')];
  const stamp = sourceDigest();
  for (const folder of [draft, old]) rmSync(folder, { recursive: true, force: true });
  const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [
    tsc,
    '-p',
    'tsconfig.build.json',
    '--outDir',
    draft,
    '--incremental',
    'false',
    '--tsBuildInfoFile',
    'null',
  ]);
  cpSync(inRoot('src'), draft, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  writeFileSync(join(draft, '.built'), stamp);
  if (existsSync(inRoot('dist'))) renameSync(inRoot('dist'), old);
  renameSync(draft, inRoot('dist'));
  rmSync(old, { recursive: true, force: true });
  say(`compiled in ${took()} s`);
}

/** Changes whenever a source file is added, changed or removed. */
function sourceDigest() {
  const files = readdirSync(inRoot('src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const facts = [...files, inRoot('tsconfig.json'), inRoot('tsconfig.build.json')].sort().map((file) => {
    const { size, mtimeMs } = statSync(file);
    return `${file} ${size} ${mtimeMs}`;
  });
  return digest(facts.join('\n'));
}

/** One process at a time; the others wait. The lock of a dead process is taken over. */
async function underLock(work) {
  const lock = inRoot('.ensure.lock');
  const mine = String(process.pid);
  for (;;) {
    try {
      writeFileSync(lock, mine, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isHeld(lock)) rmSync(lock, { force: true });
      else await delay(100);
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isHeld(lock) {
  const found = statSync(lock, { throwIfNoEntry: false });
  if (found === undefined) return false;
  const pid = Number(readIfThere(lock));
  if (!(pid > 0)) return Date.now() - found.mtimeMs < 2_000; // made, and about to be written
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The npm that started us where it did, else the one on PATH. */
function npm(args) {
  const own = process.env.npm_execpath;
  if (own?.endsWith('npm-cli.js')) run(process.execPath, [own, ...args]);
  else run('npm', args);
}

function run(command, args) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? signal ?? `exit status ${status}`}`);
}

function stopwatch() {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function say(text) {
  process.stderr.write(`sluice: ${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await ensure({ build: process.argv.includes('--build') });
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
