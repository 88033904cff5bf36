import { SluiceError } from '../errors.js';
import { countOf } from '../findings/values.js';
import { typeKind } from '../schema/typeKind.js';
import {
  GROUPED_KEYS,
  GROUPED_ROWS,
  HOT_SHARE,
  SKEW_THRESHOLD,
  adviseOn,
  defaultShare,
  foldLoads,
  isSkewed,
  measureKeys,
} from './plan.js';
import { readCounts, readHeavy, readHotKeys, readKeys, readLoads } from './read.js';
import { KEY_SAMPLE, bucketsSql, groupsSql, heavySql, rowsSql } from './sql.js';
import type { EngineRow, EngineSession } from '../engine/port.js';
import type { HotKey, SkewReport } from '../findings/skew.js';
import type { Column } from '../schema/columns.js';
import type { TypeKind } from '../schema/typeKind.js';
import type { KeyCount, Load } from './plan.js';

export interface SkewRequest {
  readonly session: EngineSession;
  /** What may stand after FROM. Read two or three times. */
  readonly source: string;
  /** The columns of the key, in order; at least one. */
  readonly key: readonly string[];
  /** The source's columns where the caller knows them, so that number keys come out as numbers; else they are asked for. */
  readonly columns?: readonly Column[];
  /** How many times the mean the most frequent key must reach. Default 10. */
  readonly threshold?: number;
  /** Up to this many rows every key is grouped; above, only when there are few. Default 1,000,000. */
  readonly groupedRows?: number;
  /** More keys than this are not all grouped. Default 500,000. */
  readonly groupedKeys?: number;
  readonly signal?: AbortSignal;
}

/** Finds how skewed a key is, its hot keys (complete and exact) and what to do about them. Errors: CONFIG_INVALID for a key column that the source lacks. */
export async function skewSource(request: SkewRequest): Promise<SkewReport> {
  const { source, key, threshold = SKEW_THRESHOLD } = request;
  const kinds = await keyKinds(request);
  const rows = countOf(await ask(request, rowsSql(source)), 'rows');
  const keys = await countKeys(request, kinds, rows);
  // Every row whose key holds no NULL is in one of the loads.
  const nulls = rows - keys.loads.reduce((sum, load) => sum + load.rows, 0);
  const measures = measureKeys(keys.counts);
  const meanRows = measures.keys === 0 ? 0 : (rows - nulls) / measures.keys;
  const maxRows = keys.counts.reduce((most, count) => Math.max(most, count.rows), 0);
  const facts = {
    rows,
    key,
    ...measures,
    keysMethod: keys.method,
    maxRows,
    meanRows,
    maxOverMean: meanRows === 0 ? 0 : maxRows / meanRows,
    topShare: rows === 0 ? 0 : maxRows / rows,
    nullShare: rows === 0 ? 0 : nulls / rows,
    defaultShare: defaultShare(keys.hotKeys),
    hotKeys: keys.hotKeys,
    imbalance: foldLoads(keys.loads),
  };
  const skewed = isSkewed(facts, threshold);
  return { ...facts, skewed, advice: adviseOn({ ...facts, skewed }) };
}

interface CountedKeys {
  readonly method: SkewReport['keysMethod'];
  readonly counts: readonly KeyCount[];
  readonly loads: readonly Load[];
  readonly hotKeys: readonly HotKey[];
}

async function countKeys(request: SkewRequest, kinds: readonly TypeKind[], rows: number): Promise<CountedKeys> {
  const { source, key, groupedRows = GROUPED_ROWS, groupedKeys = GROUPED_KEYS } = request;
  const least = rows * HOT_SHARE;
  if (rows > groupedRows) {
    const buckets = await ask(request, bucketsSql(source, key, least));
    if (readKeys(buckets) > groupedKeys) return countHeavy(request, kinds, { buckets, rows });
  }
  const groups = await ask(request, groupsSql(source, key, least));
  return {
    method: 'exact',
    counts: readCounts(groups, 'counts'),
    loads: readLoads(groups),
    hotKeys: readHotKeys(groups, kinds, rows),
  };
}

/** A key of `least` rows makes its bucket at least as heavy, so grouping inside heavy buckets misses no hot key. */
async function countHeavy(
  request: SkewRequest,
  kinds: readonly TypeKind[],
  { buckets, rows }: { readonly buckets: EngineRow; readonly rows: number },
): Promise<CountedKeys> {
  const loads = readLoads(buckets);
  const keyed = loads.reduce((sum, load) => sum + load.rows, 0);
  const wanted = { heavy: readHeavy(buckets), least: rows * HOT_SHARE, keyed };
  const groups = await ask(request, heavySql(request.source, request.key, wanted));
  return {
    method: 'approximate',
    counts: [...readCounts(groups, 'counts'), ...readCounts(groups, 'sampled', KEY_SAMPLE)],
    loads,
    hotKeys: readHotKeys(groups, kinds, rows),
  };
}

/** The kinds of the key's columns. Errors: CONFIG_INVALID for a column that the source lacks. */
export async function keyKinds(
  request: Pick<SkewRequest, 'session' | 'source' | 'key' | 'columns' | 'signal'>,
): Promise<readonly TypeKind[]> {
  const { session, source, key, signal } = request;
  const columns =
    request.columns ??
    (await session.query(`DESCRIBE SELECT * FROM ${source}`, signal)).map((row) => ({
      name: String(row['column_name']),
      type: String(row['column_type']),
    }));
  return key.map((name) => {
    const column = columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
    if (column !== undefined) return typeKind(column.type);
    throw new SluiceError('CONFIG_INVALID', `expected skew keys among the columns, got ${JSON.stringify(name)}`, {
      facts: { column: name },
    });
  });
}

async function ask({ session, signal }: SkewRequest, sql: string): Promise<EngineRow> {
  return (await session.query(sql, signal))[0] ?? {};
}
