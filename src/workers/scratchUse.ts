import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** How many bytes lie in the scratch folder, and how many are free on its file system. What vanishes meanwhile counts for nothing. */
export async function scratchUse(folder: string): Promise<{ readonly bytes: number; readonly freeBytes: number }> {
  const [bytes, free] = await Promise.all([
    sizeOf(folder),
    statfs(folder).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => 0,
    ),
  ]);
  return { bytes, freeBytes: free };
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
