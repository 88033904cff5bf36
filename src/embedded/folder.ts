import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { takeLock } from './lock.js';

/** The data folder of the embedded services, held by this process. */
export interface DataFolder {
  readonly path: string;
  /** A path inside the folder. */
  file(name: string): string;
  /** Lets others have the folder. The services in it must have been closed. */
  close(): void;
}

/** The name of the data folder beside the configuration file. */
export const DATA_FOLDER = '.sluice';

/**
 * Opens (and makes where needed) the data folder and holds it until closed or until this process is gone.
 * SERVICE_NOT_STARTED names the pid of another living process that holds it.
 */
export async function openFolder(path: string): Promise<DataFolder> {
  const folder = resolve(path);
  // servers started by root run as another user, who must be able to pass through; what is secret inside is 0600
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'w' });
  const lock = takeLock(join(folder, 'lock'), `the data folder ${folder}`);
  return { path: folder, file: (name) => join(folder, name), close: () => lock.release() };
}
