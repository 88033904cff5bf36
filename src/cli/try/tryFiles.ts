import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DATA_FOLDER, openFolder } from '../../embedded/folder.js';
import { loadConfig } from '../../shared/config/load.js';
import { SluiceError } from '../../shared/errors.js';
import { openStore } from '../../shared/stores/open.js';
import type { Output } from '../output.js';
import { type RunReport, runOnce } from '../run/runOnce.js';
import { openServices, type Services } from '../services.js';
import { openPartLog } from '../withServices.js';
import { type FoundFile, inferDatasets } from './inferDatasets.js';
import { type TriedPlace, tryConfig } from './tryConfig.js';

export interface TryOptions {
  /** A folder, or s3://bucket/prefix. */
  readonly uri: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly cwd: string;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** What came of a try; its services still run. */
export interface Tried extends RunReport {
  /** Writes the configuration as sluice.yaml into `cwd`, with its lake beside it. Rejects when there is one. */
  save(): Promise<void>;
  readonly file: string;
  readonly services: Services;
}

/**
 * Infers datasets from the files, loads them into an embedded Postgres and audits. Its data lie in `.sluice/try`; those of an
 * earlier try are removed. Throws USAGE when there are no data files.
 */
export async function tryFiles(options: TryOptions): Promise<Tried> {
  const { output, signal, cwd } = options;
  const { place, files } = await findFiles(options);
  const datasets = inferDatasets(place.url, files);
  if (datasets.length === 0) throw new SluiceError('USAGE', `expected data files at ${options.uri}, got none`);
  for (const { name, files } of datasets) output.note(`${name}: ${files} files`);
  const folder = await emptyFolder(join(cwd, DATA_FOLDER, 'try'));
  const file = join(folder, 'sluice.yaml');
  await writeConfig(file, (lake) => tryConfig(place, datasets, lake), join(folder, 'lake'));
  const save = () =>
    writeConfig(join(cwd, 'sluice.yaml'), (lake) => tryConfig(place, datasets, lake), join(cwd, DATA_FOLDER, 'lake'));
  const config = loadConfig(file);
  const services = await openServices({ config, logger: openPartLog('once') });
  try {
    const names = config.datasets.map(({ name }) => name);
    return { ...(await runOnce(services, { datasets: names, output, signal })), save, file, services };
  } catch (error) {
    await services.close();
    throw error;
  }
}

/** Writes a configuration whose artifacts go into a folder, and makes the folder. Throws USAGE when the file is there. */
async function writeConfig(file: string, text: (lake: string) => string, lake: string): Promise<void> {
  await mkdir(lake, { recursive: true });
  await writeFile(file, text(pathToFileURL(lake).href), { flag: 'wx' }).catch((error: unknown) => {
    throw new SluiceError('USAGE', `expected no file at ${file}, got one`, { cause: error });
  });
}

/** Removes what an earlier try left. Throws SERVICE_NOT_STARTED while another one runs. */
async function emptyFolder(folder: string): Promise<string> {
  const held = await openFolder(join(folder, DATA_FOLDER));
  held.close();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

async function findFiles({ uri, cwd, endpoint, region, signal }: TryOptions) {
  const access = { ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }) };
  if (!uri.startsWith('s3://')) return findLocal(resolve(cwd, uri));
  const url = uri.replace(/\/+$/, '');
  const { store, prefix } = openStore(url, access);
  const inside = prefix === '' ? '' : `${prefix}/`;
  const files: FoundFile[] = [];
  for await (const page of store.list({ prefix: inside, signal }))
    files.push(...page.map(({ key, size }) => ({ path: key.slice(inside.length), bytes: size })));
  return { place: { url, ...access } satisfies TriedPlace, files: files.filter(({ path }) => !isHidden(path)) };
}

async function findLocal(folder: string): Promise<{ place: TriedPlace; files: readonly FoundFile[] }> {
  const info = await stat(folder).catch(() => undefined);
  if (info === undefined || !info.isDirectory())
    throw new SluiceError('USAGE', `expected a folder at ${folder}, got ${info === undefined ? 'nothing' : 'a file'}`);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !isHidden(path))
    .sort();
  const files = await Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(join(folder, path))).size })));
  return { place: { url: pathToFileURL(folder).href }, files };
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part.startsWith('_'));
}
