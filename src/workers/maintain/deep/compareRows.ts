import { bucketsSql, fieldsSql, hashesSql, type RowKey, type Side } from './sql.js';

/** One row that differs. */
export interface RowDifference extends RowKey {
  /** `missing`: only the source has it. `extra`: only the target. `doubled`: the target has it more than once. */
  readonly kind: 'missing' | 'extra' | 'doubled' | 'changed';
  /** Of a changed row: the columns that differ. */
  readonly columns?: readonly string[];
}

/** A side that answers questions with rows of text, by column name. */
export interface AskedSide extends Side {
  readonly ask: (sql: string) => Promise<readonly Readonly<Record<string, string>>[]>;
}

export interface CompareRequest {
  readonly source: AskedSide;
  readonly target: AskedSide;
  /** Names of the fields, in their order on both sides. */
  readonly names: readonly string[];
  /** About; decides how fine the buckets are. */
  readonly rows: number;
  /** False where rows of the source may have given way to others (upsert). */
  readonly isComplete: boolean;
  /** So many differences are named. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** Rows of one bucket, about. */
const BUCKET_ROWS = 1000;
const MOST_BUCKETS = 65_536;
/** Buckets looked into at once. */
const BUCKETS_AT_ONCE = 16;

/** Compares two sides by sums of hashes in buckets, looks into the buckets that differ, and names the rows. Rows are read where they are; hashes travel, never values. */
export async function compareRows(request: CompareRequest): Promise<readonly RowDifference[]> {
  const { source, target, rows, limit, signal } = request;
  const buckets = Math.min(MOST_BUCKETS, 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, rows / BUCKET_ROWS)))));
  const differing = await differingBuckets(request, buckets);
  const found: RowDifference[] = [];
  for (let at = 0; at < differing.length && found.length < limit; at += BUCKETS_AT_ONCE) {
    signal?.throwIfAborted();
    const wanted = differing.slice(at, at + BUCKETS_AT_ONCE);
    const [left, right] = await Promise.all(
      [source, target].map(async (side) => byKey(await side.ask(hashesSql(side, buckets, wanted)))),
    );
    if (left !== undefined && right !== undefined) found.push(...compareKeys(left, right, request));
  }
  return nameColumns(request, found.slice(0, limit));
}

async function differingBuckets({ source, target }: CompareRequest, buckets: number): Promise<number[]> {
  const [left, right] = await Promise.all(
    [source, target].map(async (side) => {
      const rows = await side.ask(bucketsSql(side, buckets));
      return new Map(rows.map(({ bucket, n, total }) => [bucket ?? '', `${n} ${total}`]));
    }),
  );
  const known = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  return [...known].filter((bucket) => left?.get(bucket) !== right?.get(bucket)).map(Number);
}

type Hashes = ReadonlyMap<string, { readonly key: RowKey; readonly hashes: readonly string[] }>;

function byKey(rows: readonly Readonly<Record<string, string>>[]): Hashes {
  const found = new Map<string, { key: RowKey; hashes: string[] }>();
  for (const { object = '', place = '', h = '' } of rows) {
    const id = `${object} ${place}`;
    const known = found.get(id);
    if (known === undefined) found.set(id, { key: { object, row: place }, hashes: [h] });
    else known.hashes.push(h);
  }
  return found;
}

function compareKeys(source: Hashes, target: Hashes, { isComplete }: CompareRequest): RowDifference[] {
  const differences: RowDifference[] = [];
  for (const [id, { key, hashes }] of source) {
    const there = target.get(id)?.hashes ?? [];
    if (there.length > 1) differences.push({ ...key, kind: 'doubled' });
    else if (there.length === 0 && isComplete) differences.push({ ...key, kind: 'missing' });
    else if (there.length === 1 && there[0] !== hashes[0]) differences.push({ ...key, kind: 'changed' });
  }
  for (const [id, { key }] of target) if (!source.has(id)) differences.push({ ...key, kind: 'extra' });
  return differences;
}

async function nameColumns(
  { source, target, names }: CompareRequest,
  differences: readonly RowDifference[],
): Promise<readonly RowDifference[]> {
  const changed = differences.filter(({ kind }) => kind === 'changed');
  if (changed.length === 0) return differences;
  const [left, right] = await Promise.all(
    [source, target].map(async (side) => {
      const rows = await side.ask(fieldsSql(side, changed));
      return new Map(rows.map((row) => [`${row['object']} ${row['place']}`, row]));
    }),
  );
  return differences.map((difference) => {
    if (difference.kind !== 'changed') return difference;
    const id = `${difference.object} ${difference.row}`;
    const columns = names.filter((_, at) => left?.get(id)?.[`f${at}`] !== right?.get(id)?.[`f${at}`]);
    return { ...difference, columns };
  });
}
