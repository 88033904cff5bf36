import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(process.cwd(), 'bench', 'peers', 'nodePolars');

/** The version of nodejs-polars in the peer's own folder; undefined where it is not installed or cannot be loaded. */
export function findNodePolars(): string | undefined {
  const manifest = join(FOLDER, 'node_modules', 'nodejs-polars', 'package.json');
  if (!existsSync(manifest)) return undefined;
  const loaded = spawnSync(process.execPath, ['-e', "require('nodejs-polars')"], { cwd: FOLDER, stdio: 'ignore' });
  if (loaded.status !== 0) return undefined;
  const { version }: { version?: unknown } = JSON.parse(readFileSync(manifest, 'utf8'));
  return String(version);
}
