import { basename } from 'node:path';

/** A file that was found, by its path below the place that is tried, with / between. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
}

/** A dataset that the files suggest. */
export interface InferredDataset {
  /** Safe as the name of a dataset and of a table. */
  readonly name: string;
  /** Folder below the place; '' for the place itself. */
  readonly folder: string;
  /** Glob below the folder. */
  readonly match: string;
  readonly files: number;
  readonly bytes: number;
}

/** Endings of files that a dataset is inferred from. */
const ENDINGS = ['parquet', 'pq', 'csv', 'tsv', 'ndjson', 'jsonl', 'json', 'avro'];
const DATA_FILE = new RegExp(`\\.(${ENDINGS.join('|')})(\\.(gz|zst))?$`, 'i');

/**
 * One dataset a top-level folder that holds data files at any depth, and one named after the place itself for files that lie
 * in it directly. Names are made of letters, digits and _; two that would be the same are numbered. Pure.
 */
export function inferDatasets(place: string, files: readonly FoundFile[]): readonly InferredDataset[] {
  const groups = new Map<string, FoundFile[]>();
  for (const file of files.filter(({ path }) => DATA_FILE.test(path))) {
    const slash = file.path.indexOf('/');
    const folder = slash === -1 ? '' : file.path.slice(0, slash);
    const group = groups.get(folder);
    if (group === undefined) groups.set(folder, [file]);
    else group.push(file);
  }
  const taken = new Set<string>();
  return [...groups].map(([folder, group]) => ({
    name: freshName(folder === '' ? basename(place) : folder, taken),
    folder,
    match: `${folder === '' ? '' : '**/'}*.{${ENDINGS.join(',')}}{,.gz,.zst}`,
    files: group.length,
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}

function freshName(text: string, taken: Set<string>): string {
  const safe = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 50);
  const stem = /^[a-z]/.test(safe) ? safe : `t_${safe}`;
  let name = stem;
  for (let number = 2; taken.has(name); number++) name = `${stem}_${number}`;
  taken.add(name);
  return name;
}
