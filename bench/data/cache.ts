import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where data that is made once is kept: SLUICE_BENCH_CACHE, else `.sluice/bench` in the checkout. */
export function cacheFolder(): string {
  return process.env['SLUICE_BENCH_CACHE'] ?? join(process.cwd(), '.sluice', 'bench');
}

/** The folder of that name in the cache, filled by `make` unless it was before; a half-filled one is made anew. */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.draft-${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  await make(draft);
  if (existsSync(folder)) rmSync(draft, { recursive: true, force: true });
  else renameSync(draft, folder);
  return folder;
}
