import { quoteName } from '../schema/columns.js';
import { HOT_KEYS, HOT_OVER_MEAN, PARTITIONS } from './plan.js';

/** Hash buckets of the first pass over many keys. */
export const BUCKETS = 65_536;
/** Of the keys outside heavy buckets one in so many is grouped. */
export const KEY_SAMPLE = 128;
/** So many of the heaviest buckets are always grouped. */
const HEAVY_BUCKETS = 64;
const FINEST = Math.max(...PARTITIONS);

/** One row: all rows. Of files that know their rows it reads none. */
export function rowsSql(source: string): string {
  return `SELECT count(*) AS "rows" FROM ${source}`;
}

/** One row, with every key grouped: how many keys have how many rows, the hot keys (from `least` rows and five means on), the loads of the finest layout. */
export function groupsSql(source: string, key: readonly string[], least: number): string {
  return `WITH g AS MATERIALIZED (SELECT *, hash(${aliases(key)}) AS h FROM (
  SELECT ${selected(key)}, count(*) AS n FROM ${source} AS _s WHERE ${present(key)} GROUP BY ALL)),
b AS (SELECT (h & ${FINEST - 1})::INTEGER AS part, sum(n)::BIGINT AS n FROM g GROUP BY 1)
SELECT ${countsOf('g')} AS counts, ${loadsOf('b')} AS loads,
  ${hotOf('g', key, `greatest(${least}, ${HOT_OVER_MEAN} * (SELECT avg(n) FROM g))`)} AS hot`;
}

/** One row, with no key grouped: filled hash buckets, the loads of the finest layout, and every bucket that is among the heaviest or could hold a key of `least` rows. */
export function bucketsSql(source: string, key: readonly string[], least: number): string {
  return `WITH b AS MATERIALIZED (SELECT (hash(${refs(key)}) & ${BUCKETS - 1})::INTEGER AS bucket, count(*) AS n
  FROM ${source} AS _s WHERE ${present(key)} GROUP BY 1),
f AS (SELECT bucket & ${FINEST - 1} AS part, sum(n)::BIGINT AS n FROM b GROUP BY 1)
SELECT (SELECT count(*) FROM b) AS buckets, ${loadsOf('f')} AS loads,
  (SELECT list(bucket) FROM (SELECT bucket, n, row_number() OVER (ORDER BY n DESC, bucket) AS place FROM b) WHERE place <= ${HEAVY_BUCKETS} OR n >= ${least}) AS heavy`;
}

/**
 * One row, with the keys of heavy buckets and a sample of the other keys grouped: `counts` and `hot` (from `least` rows and five times `keyed`
 * over the estimated keys on) of the heavy, `sampled` of the others.
 */
export function heavySql(
  source: string,
  key: readonly string[],
  { heavy, least, keyed }: { readonly heavy: readonly number[]; readonly least: number; readonly keyed: number },
): string {
  const isHeavy = `(h & ${BUCKETS - 1})::INTEGER IN (${heavy.join(', ')})`;
  const keys = `(SELECT count(*) FILTER (heavy) + ${KEY_SAMPLE} * count(*) FILTER (NOT heavy) FROM g)`;
  return `WITH g AS MATERIALIZED (SELECT * EXCLUDE h, ${isHeavy} AS heavy FROM (
  SELECT ${selected(key)}, any_value(h) AS h, count(*) AS n FROM (SELECT *, hash(${refs(key)}) AS h FROM ${source} AS _s WHERE ${present(key)}) AS _s
  WHERE ${isHeavy} OR ((h >> 16) & ${KEY_SAMPLE - 1}) = 0 GROUP BY ${aliases(key)}))
SELECT ${countsOf('g WHERE heavy')} AS counts, ${countsOf('g WHERE NOT heavy')} AS sampled,
  ${hotOf('g', key, `greatest(${least}, ${HOT_OVER_MEAN} * ${keyed} / greatest(${keys}, 1))`)} AS hot`;
}

function countsOf(groups: string): string {
  return `(SELECT list({'rows': n, 'keys': keys}) FROM (SELECT n, count(*) AS keys FROM ${groups} GROUP BY n))`;
}

function loadsOf(partitions: string): string {
  return `(SELECT list({'partition': part, 'rows': n}) FROM ${partitions})`;
}

function hotOf(groups: string, key: readonly string[], least: string): string {
  const shown = key.map((_, at) => `k${at}::VARCHAR`).join(', ');
  return `(SELECT list({'key': [${shown}], 'rows': n} ORDER BY n DESC, ${aliases(key)}) FROM (
    SELECT * FROM ${groups} WHERE n >= ${least} ORDER BY n DESC, ${aliases(key)} LIMIT ${HOT_KEYS}))`;
}

function selected(key: readonly string[]): string {
  return key.map((name, at) => `_s.${quoteName(name)} AS k${at}`).join(', ');
}

function aliases(key: readonly string[]): string {
  return key.map((_, at) => `k${at}`).join(', ');
}

function refs(key: readonly string[]): string {
  return key.map((name) => `_s.${quoteName(name)}`).join(', ');
}

function present(key: readonly string[]): string {
  return key.map((name) => `_s.${quoteName(name)} IS NOT NULL`).join(' AND ');
}
