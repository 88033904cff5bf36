import { quoteName, quoteText } from '../schema/columns.js';
import { HOT_SHARE, PARTITIONS } from './plan.js';

/** So many keys are told, and salted, at most. */
const WORST = 10;
const SALTED = 100;
const FINEST = Math.max(...PARTITIONS);

/** Two tables and the columns of their common key. */
export interface JoinSides {
  /** What may stand after FROM. */
  readonly left: string;
  readonly right: string;
  readonly key: readonly string[];
}

/** A key as the engine's texts of its columns, and how it is salted. */
export interface SaltedKey {
  readonly texts: readonly string[];
  readonly salts: number;
  readonly side: 'left' | 'right';
}

/** One row: what the join makes of the rows, the keys that make most of it, and those that make 1/1024 of the work. */
export function joinSql({ left, right, key }: JoinSides): string {
  return `WITH ${countedSql({ left, right, key })},
total AS (SELECT sum(work) AS work FROM j)
SELECT (SELECT count(*) FROM ${left}) AS "left", (SELECT count(*) FROM ${right}) AS "right",
  (SELECT sum(joined)::VARCHAR FROM j) AS joined,
  (SELECT sum(ln) FROM j WHERE rn = 0)::BIGINT AS lonely, (SELECT sum(ln) FROM j)::BIGINT AS keyed,
  (SELECT sum(ln) FROM j WHERE rn > 1)::BIGINT AS multiplied,
  (SELECT sum(rn) FROM j WHERE ln > 0)::BIGINT AS used,
  (SELECT work::DOUBLE FROM total) AS work,
  ${listSql(key, `SELECT * FROM j WHERE joined > 0 ORDER BY joined DESC, ${names(key)} LIMIT ${WORST}`, 'joined')} AS worst,
  ${listSql(key, `SELECT * FROM j WHERE work >= ${HOT_SHARE} * (SELECT work FROM total) ORDER BY work DESC, ${names(key)} LIMIT ${SALTED}`, 'work')} AS hot`;
}

/** One row: the work of each partition of the finest layout, as it is and with salts. */
export function balanceSql(sides: JoinSides, salted: readonly SaltedKey[]): string {
  const { key } = sides;
  const caseOf = (value: (one: SaltedKey) => string, otherwise: string) =>
    salted.length === 0
      ? otherwise
      : `CASE ${salted.map((one) => `WHEN ${isKey(one)} THEN ${value(one)}`).join(' ')} ELSE ${otherwise} END`;
  return `WITH ${countedSql(sides)},
s AS (SELECT *, ${caseOf(({ salts }) => String(salts), '1')} AS salts, ${caseOf(({ side }) => quoteText(side), "'left'")} AS side FROM j),
pieces AS (SELECT hash(${names(key)}, salt) & ${FINEST - 1} AS part,
  CASE side WHEN 'left' THEN ln::DOUBLE / salts + rn ELSE ln + rn::DOUBLE / salts END + joined::DOUBLE / salts AS work
  FROM s, unnest(range(salts)) AS t(salt)),
b AS (SELECT hash(${names(key)}) & ${FINEST - 1} AS part, sum(work)::DOUBLE AS n FROM j GROUP BY 1),
a AS (SELECT part, sum(work)::DOUBLE AS n FROM pieces GROUP BY 1)
SELECT ${loadsSql('b')} AS before, ${loadsSql('a')} AS after`;
}

/** Rows of each key on both sides (0 where it is absent), rows joined, and the work: rows read and joined. */
function countedSql({ left, right, key }: JoinSides): string {
  const grouped = (source: string, count: string) =>
    `SELECT ${key.map((name, at) => `_s.${quoteName(name)} AS k${at}`).join(', ')}, count(*) AS ${count} FROM ${source} AS _s
    WHERE ${key.map((name) => `_s.${quoteName(name)} IS NOT NULL`).join(' AND ')} GROUP BY ALL`;
  return `l AS (${grouped(left, 'n')}), r AS (${grouped(right, 'n')}),
j AS MATERIALIZED (SELECT *, ln::HUGEINT * rn AS joined, ln + rn + ln::HUGEINT * rn AS work FROM (
  SELECT ${names(key)}, coalesce(l.n, 0) AS ln, coalesce(r.n, 0) AS rn FROM l FULL JOIN r USING (${names(key)})))`;
}

function listSql(key: readonly string[], rows: string, order: 'joined' | 'work'): string {
  const shown = key.map((_, at) => `k${at}::VARCHAR`).join(', ');
  return `(SELECT list({'key': [${shown}], 'left': ln, 'right': rn, 'joined': joined::DOUBLE, 'work': work::DOUBLE} ORDER BY ${order} DESC, ${names(key)}) FROM (${rows}))`;
}

function loadsSql(table: string): string {
  return `(SELECT list({'partition': part::INTEGER, 'rows': n}) FROM ${table})`;
}

function isKey({ texts }: SaltedKey): string {
  return texts.map((text, at) => `k${at}::VARCHAR = ${quoteText(text)}`).join(' AND ');
}

function names(key: readonly string[]): string {
  return key.map((_, at) => `k${at}`).join(', ');
}
