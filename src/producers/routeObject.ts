import picomatch from 'picomatch';
import type { Dataset } from '../shared/config/config.js';
import { partitionReader, type PartitionReader } from './partition.js';
import { openPrefixTable } from './prefixTable.js';

/**
 * Why no dataset takes a key. `unrouted`: under no dataset's prefix, or its glob does not match. `hidden`: a name below the prefix begins
 * with . or _. `artifact`: Sluice's own output. `folder`: the empty object that consoles make for a folder.
 */
export const ROUTE_RULES = ['unrouted', 'hidden', 'artifact', 'folder'] as const;
export type RouteRule = (typeof ROUTE_RULES)[number];

export type Route =
  | { readonly kind: 'routed'; readonly dataset: string; readonly partition: string }
  | { readonly kind: 'ignored'; readonly rule: RouteRule };

/** What is known of an object before it is routed. */
export interface RoutableObject {
  readonly bucket: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

export type Router = (object: RoutableObject) => Route;

export interface RouterOptions {
  readonly datasets: readonly Dataset[];
  /** Where artifacts are put. */
  readonly lakeBucket: string;
  /** The bucket that each dataset's files arrive in. */
  readonly sourceBucket: (dataset: Dataset) => string;
}

interface Candidate {
  readonly name: string;
  readonly prefix: string;
  readonly matches: (path: string) => boolean;
  readonly partition: PartitionReader;
}

/**
 * Makes the function that finds an object's dataset and partition. Of the datasets in its bucket whose prefix the key begins with, the
 * longest prefix whose glob matches takes it; the partition is read from the folders below that prefix. Pure and synchronous.
 */
export function openRouter({ datasets, lakeBucket, sourceBucket }: RouterOptions): Router {
  const artifacts = openPrefixTable(datasets.map(({ compact }) => [compact.prefix, true]));
  const byBucket = new Map<string, Dataset[]>();
  for (const dataset of datasets) {
    const bucket = sourceBucket(dataset);
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), dataset]);
  }
  const candidates = new Map([...byBucket].map(([bucket, own]) => [bucket, openCandidates(own)]));
  return ({ bucket, key, size }) => {
    if (bucket === lakeBucket && artifacts(key).length > 0) return ignored('artifact');
    if (key.endsWith('/') && size === 0) return ignored('folder');
    return routeKey(candidates.get(bucket)?.(key) ?? [], key);
  };
}

/**
 * The prefix that a dataset's keys begin with: as set, or what follows the bucket in an s3:// source, as it stands (keys are never
 * percent-decoded). A file:// source has its folder in the bucket's name.
 */
export function sourcePrefix({ source }: Pick<Dataset, 'source'>): string {
  return source.url === undefined ? source.prefix : (/^s3:\/\/[^/]+\/(.*)$/s.exec(source.url)?.[1] ?? '');
}

function openCandidates(datasets: readonly Dataset[]): (key: string) => readonly Candidate[] {
  return openPrefixTable(datasets.map(toCandidate).map((candidate) => [candidate.prefix, candidate]));
}

/** Of the datasets whose prefix the key begins with, the longest first. */
function routeKey(candidates: readonly Candidate[], key: string): Route {
  let hidden = false;
  for (const candidate of candidates) {
    const path = key.slice(candidate.prefix.length).replace(/^\//, '');
    if (isHidden(candidate.prefix, key)) hidden = true;
    else if (candidate.matches(path))
      return { kind: 'routed', dataset: candidate.name, partition: candidate.partition(path.split('/').slice(0, -1)) };
  }
  return ignored(hidden ? 'hidden' : 'unrouted');
}

function toCandidate(dataset: Dataset): Candidate {
  const globs = dataset.source.match.map((glob) => picomatch(glob));
  return {
    name: dataset.name,
    prefix: sourcePrefix(dataset),
    matches: (path) => globs.some((glob) => glob(path)),
    partition: partitionReader(dataset.partition),
  };
}

/** The name that the prefix ends inside of was chosen by the prefix, so only the names below it can be hidden. */
function isHidden(prefix: string, key: string): boolean {
  const endsInName = prefix !== '' && !prefix.endsWith('/') && key[prefix.length] !== '/';
  return (endsInName ? /\/[._]/ : /(?:^|\/)[._]/).test(key.slice(prefix.length));
}

function ignored(rule: RouteRule): Route {
  return { kind: 'ignored', rule };
}
